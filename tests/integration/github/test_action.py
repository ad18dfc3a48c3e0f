"""The action's front, from the runner's environment to what stands on GitHub afterwards.

The engine is a stand-in that gives a finished result: what is tried here is what becomes of it.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from spec_to_production.action import main
from spec_to_production.errors import ComponentError, SpecToProductionError
from spec_to_production.github.comment import Marker
from spec_to_production.interrupts import Interrupted
from spec_to_production.publication import OUTPUTS
from spec_to_production.results import (
    STAGES,
    Change,
    Component,
    Dispute,
    Gate,
    GeneratedFile,
    Job,
    LineRange,
    Module,
    Problem,
    Requirement,
    RequirementTests,
    Spec,
    TestVerdict,
    Verification,
    WorkflowResult,
)
from support import artifact_server
from support.git_data import GitData

SPEC = Spec(
    path="specs/calculator.md",
    title="Calculator",
    source="# Calculator",
    requirements=(
        Requirement(id="FR-1", title="Add", text="Adds.", lines=LineRange(start=1, end=2)),
        Requirement(id="FR-4", title="Divide", text="Raises.", lines=LineRange(start=3, end=4)),
    ),
)
COMPONENT = Component(
    name="calculator",
    path="src/calculator",
    import_root="src",
    modules=(Module(path="src/calculator/ops.py", name="calculator.ops", lines=40),),
    tests_dir="tests/calculator",
)
DISPUTE = Dispute(
    requirement_id="FR-4",
    requirement_text="Dividing by zero raises CalculatorError",
    spec_line=3,
    statement="expected CalculatorError, got ZeroDivisionError",
    code_path="src/calculator/ops.py",
    code_line=31,
    failures=3,
)
VERIFICATION = Verification(
    tests=(
        TestVerdict(id="t.py::test_add", verdict="accepted", requirements=("FR-1",), runs=3),
        TestVerdict(id="t.py::test_div", verdict="disputed", runs=3, dispute=DISPUTE),
    ),
    coverage=Change(before=61, after=88.25),
    mutation=Change(after=81),
    requirements=(
        RequirementTests(id="FR-1", state="proven", tests=("t.py::test_add",)),
        RequirementTests(id="FR-4", state="disputed", disputed=("t.py::test_div",)),
    ),
)
RESULT = WorkflowResult(
    tool_version="0.1.0",
    started_at="2026-01-01T00:00:00.000+00:00",
    execution_mode="async",
    target="dev",
    spec=SPEC,
    component=COMPONENT,
    verification=VERIFICATION,
    gates=(Gate(name="test_coverage", status="passed", actual=88.25, threshold=80),),
    stage_timings=dict.fromkeys(STAGES),
    wall_ms=1000,
)


FILE = GeneratedFile(path="tests/calculator/t.py", content="def test_add():\n    assert True\n")
CANDIDATE = GeneratedFile(
    path="t.py", content=f"{FILE.content}\n\ndef test_div():\n    assert False\n"
)
JOB = Job(
    task_id="1",
    kind="test_generation",
    module="src/calculator/ops.py",
    requirement_ids=("FR-1",),
    status="succeeded",
)
DELIVERABLE = RESULT.model_copy(
    update={
        "jobs": (JOB,),
        "verification": VERIFICATION.model_copy(
            update={"files": (FILE,), "candidates": (CANDIDATE,)}
        ),
    }
)


@dataclass
class Engine:
    """Gives what it was told to give, and remembers what it was asked.

    A signal comes when it is about to give its result. What it writes is a file in the checkout.
    """

    result: WorkflowResult = RESULT
    error: BaseException | None = None
    signum: int | None = None
    writes: str | None = None
    asked: list = field(default_factory=list)

    def __call__(self, settings, start, *, env, display, servers):
        self.asked.append(settings)
        display.line("[   0.1 s] ::error::what an agent wrote", None)
        if self.writes:
            (start / self.writes).parent.mkdir(parents=True)
            (start / self.writes).touch(mode=0o600)
        if self.error:
            raise self.error
        if self.signum:
            os.kill(os.getpid(), self.signum)
        return self.result


@dataclass
class Step:
    """One step of a job, and what it left behind."""

    env: dict
    workspace: Path
    engine: Engine
    capture: pytest.CaptureFixture

    def run(self):
        code = main(self.env, self.engine)
        self.log = self.capture.readouterr().out
        return code

    @property
    def summary(self):
        return Path(self.env["GITHUB_STEP_SUMMARY"]).read_text()

    @property
    def outputs(self):
        text = Path(self.env["GITHUB_OUTPUT"]).read_text()
        found = re.findall(r"(\S+)<<(ghadelimiter_\S+)\n(.*?)\n?\2\n", text, re.DOTALL)
        return {name: value for name, _, value in found}


@pytest.fixture
def service():
    with artifact_server.serve() as running:
        yield running


@pytest.fixture
def step(tmp_path, monkeypatch, capsys, server, service, github):  # noqa: PLR0917 - fixtures
    """A step on a pull request from the same repository, with all that it needs."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    env = {
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_REPOSITORY": "octo/demo",
        "GITHUB_SHA": "a" * 40,
        "GITHUB_REF": "refs/pull/5/merge",
        "GITHUB_RUN_ID": "4711",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_JOB": "tests",
        "GITHUB_ACTOR": "octocat",
        "GITHUB_TRIGGERING_ACTOR": "octocat",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": server.url,
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "ACTIONS_RESULTS_URL": service.url,
        "ACTIONS_RUNTIME_TOKEN": service.token,
        "INPUT_SPEC": "specs/calculator.md",
        "INPUT_COMPONENT": "src/calculator",
        "INPUT_LLM-MODEL": "openai/gpt-5",
        "INPUT_LLM-API-KEY": "sk-key",
        "INPUT_GITHUB-TOKEN": "ghs-token",
        "INPUT_TESTS": "",
    }
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        Path(env[name]).touch()
        monkeypatch.setenv(name, env[name])
    # The real client pauses between writes, as GitHub asks for; test_comment.py tries it.
    monkeypatch.setattr("spec_to_production.github.connection.connect", lambda *given: github)
    made = Step(env, workspace, Engine(), capsys)
    pull_request(made)
    return made


def pull_request(step, head="octo/demo", sha="b" * 40):
    side = '{{"sha": "{0}", "ref": "feature", "repo": {{"full_name": "{1}"}}}}'
    Path(step.env["GITHUB_EVENT_PATH"]).write_text(
        '{"pull_request": {"number": 5, "author_association": "MEMBER", '
        f'"head": {side.format(sha, head)}, "base": {side.format("c" * 40, "octo/demo")}}}}}'
    )


def other_event(step, name, ref):
    Path(step.env["GITHUB_EVENT_PATH"]).write_text("{}")
    step.env.update({"GITHUB_EVENT_NAME": name, "GITHUB_REF": ref})


def delivering(step, server, tmp_path, how, result=None):
    """The pull request's branch with one commit, and a result that brings one file for it."""
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "git"], check=True)
    git = server.git = GitData(
        tmp_path / "git", f"{server.url}/repos/octo/demo/git", server.api.example
    )
    sha = git.git("commit-tree", git.git("mktree"), stdin="begin")
    git.git("update-ref", "refs/heads/feature", sha)
    pull_request(step, sha=sha)
    step.env["INPUT_DELIVER"] = how
    step.engine.result = (result or DELIVERABLE).model_copy(update={"base_commit": sha})
    return git


def commands(step, name):
    return [line for line in step.log.splitlines() if line.startswith(f"::{name}")]


def test_a_pull_request_gets_everything(step, server, service):
    assert step.run() == 0

    (body,) = server.bodies(5)
    assert Marker.read(body) == Marker("default", 4711, 1)
    assert "artifacts/77" in body
    assert "dispute" in step.summary
    stored = zipfile.ZipFile(
        io.BytesIO(service.artifacts["spec-to-production-tests.default-1"].content)
    )
    assert {"report.json", "report.html", "comment.md"} <= set(stored.namelist())
    assert (step.workspace / "out" / "report.json").is_file()
    assert any("file=src/calculator/ops.py,line=31" in line for line in commands(step, "warning"))


def test_every_output_is_set(step, server):
    step.run()

    outputs = step.outputs
    assert set(outputs) == set(OUTPUTS)
    assert outputs["accepted"] == "1"
    assert outputs["disputed"] == "1"
    assert outputs["rejected"] == "0"
    assert outputs["requirements"] == "2"
    assert outputs["requirements-proven"] == "1"
    assert outputs["coverage-before"] == "61.0"
    assert outputs["coverage"] == "88.2"
    assert outputs["mutation-score"] == "81.0"
    assert outputs["promotable"] == "true"
    assert outputs["report-path"] == "out"
    assert outputs["artifact-id"] == "77"
    assert outputs["comment-url"] == server.comments[5][0]["html_url"]
    assert "dispute" in outputs["verdict"]


def test_what_was_not_measured_is_empty(step):
    step.engine.result = RESULT.model_copy(update={"verification": None, "gates": ()})
    step.run()

    assert step.outputs["coverage"] == step.outputs["mutation-score"] == ""
    assert step.outputs["accepted"] == "0"
    assert step.outputs["promotable"] == "false"


def test_secrets_are_masked_before_anything_else_is_printed(step):
    step.run()

    assert step.log.splitlines()[:2] == ["::add-mask::sk-key", "::add-mask::ghs-token"]
    assert "sk-key" not in step.log.partition("\n")[2]


def test_what_the_engine_tells_cannot_issue_commands(step):
    step.engine.error = SpecToProductionError("::error::broken\n::warning::x")
    step.run()

    assert len(commands(step, "error")) == 1
    assert commands(step, "warning") == []


NOTE = Problem(stage=None, message="x", level="note")


@pytest.mark.parametrize(
    ("fail_on", "result", "code"),
    [
        ("errors", RESULT, 0),
        ("disputes", RESULT, 1),
        ("gates", RESULT, 0),
        ("gates", RESULT.model_copy(update={"gates": ()}), 1),
        ("errors", RESULT.model_copy(update={"problems": (Problem(stage=None, message="x"),)}), 1),
        ("errors", RESULT.model_copy(update={"problems": (NOTE,)}), 0),
        ("never", RESULT.model_copy(update={"problems": (Problem(stage=None, message="x"),)}), 0),
    ],
)
def test_the_exit_code_is_what_fail_on_says(step, fail_on, result, code):
    step.env["INPUT_FAIL-ON"] = fail_on
    step.engine.result = result

    assert step.run() == code


def test_a_bad_input_is_one_error_that_names_it(step, server):
    step.env["INPUT_JOB-TIMEOUT"] = "soon"

    assert step.run() == 2
    (error,) = commands(step, "error")
    assert "job-timeout" in error
    assert step.engine.asked == []
    assert server.exchanges == []


def test_inputs_that_are_required_and_left_out_are_named(step):
    # The runner enforces none, and gives what is left out as an empty text.
    step.env.update({"INPUT_SPEC": "", "INPUT_COMPONENT": ""})

    assert step.run() == 2
    (error,) = commands(step, "error")
    assert "spec: not given" in error
    assert "component: not given" in error


def test_an_input_that_the_engine_refuses_is_bad_input_too(step):
    step.engine.error = ComponentError("no component 'calclator'; near names: calculator")

    assert step.run() == 2
    assert len(commands(step, "error")) == 1


def test_a_fault_of_ours_in_a_run_is_told_without_letting_its_text_speak(step):
    step.engine.error = RuntimeError("\n::set-env name=A::B")

    assert step.run() == 1
    (error,) = commands(step, "error")
    assert "Internal error: RuntimeError" in error
    assert "\n::set-env" not in step.log


def test_a_fault_of_ours_is_told_without_letting_its_text_speak(step, monkeypatch):
    def broken(_):
        raise RuntimeError("\n::set-env name=A::B")

    monkeypatch.setattr("spec_to_production.action.read_event", broken)

    assert step.run() == 1
    stop = re.search(r"::stop-commands::(\w+)\n(.*)\n::\1::\n", step.log, re.DOTALL)
    assert "::set-env" in stop[2]
    assert "::set-env" not in step.log.replace(stop[0], "")
    assert len(commands(step, "error")) == 1


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_writes_what_there_is_and_posts_nothing(step, server, service, signum):
    step.engine.result = RESULT.model_copy(update={"interrupted_by": int(signum)})

    assert step.run() == 128 + signum
    assert (step.workspace / "out" / "report.json").is_file()
    assert "nterrupted" in step.summary
    assert server.exchanges == []
    assert service.calls == []


def test_a_cancel_after_the_last_stage_costs_the_result_nothing(step, server, service):
    step.engine.signum = signal.SIGINT

    assert step.run() == 0
    assert (step.workspace / "out" / "report.json").is_file()
    assert step.summary
    assert service.artifacts
    assert len(server.bodies(5)) == 1


def test_where_there_is_no_time_left_to_publish_the_runner_is_told(step, server, service):
    step.engine.signum = signal.SIGTERM

    assert step.run() == 143
    assert (step.workspace / "out" / "report.json").is_file()
    assert step.outputs["accepted"] == "1"
    assert server.exchanges == []
    assert service.calls == []


def test_publishing_ends_when_the_runner_is_about_to_kill(step, server, monkeypatch):
    def upload(*_, **__):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("spec_to_production.publication.upload", upload)

    assert step.run() == 143
    assert (step.workspace / "out" / "report.json").is_file()
    assert server.bodies(5) == []


def test_a_cancel_between_two_pairs_keeps_the_first(step, server):
    several(step)
    other_event(step, "push", "refs/heads/main")
    step.engine.signum = signal.SIGINT

    assert step.run() == 130
    assert [asked.spec for asked in step.engine.asked] == ["specs/a.md"]
    assert step.outputs["accepted"] == "1"
    assert (step.workspace / "out" / "1-calculator" / "report.json").is_file()


def test_a_run_that_is_cancelled_before_it_began_says_so(step):
    step.engine.error = Interrupted(signal.SIGTERM)

    assert step.run() == 143


@pytest.mark.parametrize("actor", ["octocat", "dependabot[bot]"])
def test_without_secrets_tests_are_judged_and_nothing_is_red(step, server, service, actor):
    pull_request(step, head="octo/demo" if "bot" in actor else "someone/demo")
    step.env.update(
        {"INPUT_LLM-API-KEY": "", "INPUT_TESTS": "tests", "GITHUB_TRIGGERING_ACTOR": actor}
    )
    server.writable = False

    assert step.run() == 0
    assert [asked.mode for asked in step.engine.asked] == ["verify"]
    (notice,) = commands(step, "notice")
    assert "no secrets" in notice
    assert server.exchanges == []  # nothing is tried that cannot work
    assert step.summary
    assert service.artifacts


def test_without_secrets_and_without_tests_nothing_is_generated(step):
    pull_request(step, head="someone/demo")
    step.env["INPUT_LLM-API-KEY"] = ""

    assert step.run() == 0
    (asked,) = step.engine.asked
    assert (asked.mode, asked.enable_openhands) == ("run", False)
    assert "'tests'" in commands(step, "notice")[0]


def test_a_fork_that_has_a_key_of_its_own_uses_it(step):
    pull_request(step, head="someone/demo")
    step.run()

    assert step.engine.asked[0].enable_openhands
    assert commands(step, "notice") == []


def test_a_missing_permission_is_a_warning_with_the_yaml_to_paste(step, server):
    server.writable = False

    assert step.run() == 0
    (warning,) = [line for line in commands(step, "warning") if "comment" in line.split("::")[1]]
    assert "pull-requests: write" in warning
    assert step.outputs["comment-url"] == ""


def test_a_broken_artifact_service_costs_the_artifact_only(step, server, service):
    service.failures = [("CreateArtifact", 403, "no")]

    assert step.run() == 0
    assert any("artifact" in line for line in commands(step, "warning"))
    assert step.outputs["artifact-url"] == ""
    assert len(server.bodies(5)) == 1


@pytest.mark.parametrize("name", ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"])
def test_a_runner_that_takes_no_summary_or_no_outputs_costs_these_only(step, server, name):
    Path(step.env[name]).unlink()

    assert step.run() == 0
    assert any(name in line for line in commands(step, "warning"))
    assert commands(step, "error") == []
    assert any("file=src/calculator/ops.py" in line for line in commands(step, "warning"))
    assert len(server.bodies(5)) == 1


def test_a_fault_of_ours_in_one_step_of_publishing_costs_that_step_only(step, server, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no such thing")

    monkeypatch.setattr("spec_to_production.publication.upload", broken)

    assert step.run() == 0
    (warning,) = [line for line in commands(step, "warning") if "artifact" in line]
    assert "Internal error: RuntimeError: no such thing (broken, line" in warning
    assert len(server.bodies(5)) == 1


@pytest.mark.parametrize(
    ("name", "ref", "commented"),
    [
        ("push", "refs/heads/feature", True),
        ("workflow_dispatch", "refs/heads/feature", True),
        ("push", "refs/heads/main", False),
        ("push", "refs/tags/v1", False),
        ("schedule", "refs/heads/main", False),
        ("merge_group", "refs/heads/gh-readonly-queue/main/pr-5-abc", False),
    ],
)
def test_other_events_comment_where_the_branch_has_a_pull_request(
    step, server, name, ref, commented
):
    server.pulls = {5: "octo:feature"}
    other_event(step, name, ref)

    assert step.run() == 0
    assert bool(server.bodies(5)) is commented
    assert step.summary


def test_a_run_again_edits_its_comment(step, server):
    step.run()
    step.env["GITHUB_RUN_ATTEMPT"] = "2"
    step.run()

    (body,) = server.bodies(5)
    assert Marker.read(body) == Marker("default", 4711, 2)


def test_a_dry_run_shows_the_plan_and_starts_nothing(step, server, service):
    root = Path(__file__).parents[3]
    shutil.copytree(root / "examples" / "calculator", step.workspace / "src" / "calculator")
    (step.workspace / "specs").mkdir()
    shutil.copy(
        root / "specs" / "calculator_operations.md", step.workspace / "specs" / "calculator.md"
    )
    subprocess.run(["git", "init", "-q", step.workspace], check=True)
    step.env["INPUT_DRY-RUN"] = "true"

    assert step.run() == 0
    assert "FR-1" in step.log
    assert step.engine.asked == []
    assert server.exchanges == []
    assert service.calls == []


def several(step):
    """Two specs in the workspace, and which component each is for."""
    (step.workspace / "pyproject.toml").write_text(
        "[tool.spec-to-production.pairs]\n"
        "'specs/a.md' = 'src/calculator'\n'specs/b.md' = 'src/other'\n"
    )
    step.env.update({"INPUT_SPEC": "auto", "INPUT_COMPONENT": "auto"})


def test_several_pairs_make_one_comment_and_one_artifact(step, server, service):
    several(step)
    step.env.update({"INPUT_SPEC": "specs/a.md\nspecs/b.md"})

    assert step.run() == 0
    assert [(asked.spec, asked.component) for asked in step.engine.asked] == [
        ("specs/a.md", "src/calculator"),
        ("specs/b.md", "src/other"),
    ]
    (body,) = server.bodies(5)
    assert body.count("| ⚖️ | `calculator` |") == 2
    assert "2 components" in step.outputs["verdict"]
    assert step.outputs["accepted"] == "2"
    assert step.outputs["coverage"] == ""  # there is no one coverage of two components
    stored = zipfile.ZipFile(
        io.BytesIO(service.artifacts["spec-to-production-tests.default-1"].content)
    )
    assert {"1-calculator/report.html", "2-other/report.html"} <= set(stored.namelist())


def test_auto_takes_the_pairs_that_the_pull_request_touches(step, server):
    several(step)
    server.changed = {5: ["src/other/x.py", "README.md"]}

    assert step.run() == 0
    assert [asked.spec for asked in step.engine.asked] == ["specs/b.md"]
    assert [asked.output for asked in step.engine.asked] == ["out"]
    assert len(server.bodies(5)) == 1


def test_auto_takes_all_pairs_where_there_is_no_pull_request(step, server):
    several(step)
    other_event(step, "push", "refs/heads/main")
    step.run()

    assert [asked.spec for asked in step.engine.asked] == ["specs/a.md", "specs/b.md"]


def test_auto_without_a_touched_pair_does_nothing(step, server, service):
    several(step)
    server.changed = {5: ["README.md"]}

    assert step.run() == 0
    assert step.engine.asked == []
    assert "nothing to do" in step.log
    assert server.bodies(5) == []
    assert service.calls == []


def test_auto_takes_all_pairs_where_github_does_not_tell_of_every_file(step, server):
    several(step)
    server.changed = {5: [f"docs/{number:04}.md" for number in range(3000)]}

    assert step.run() == 0
    assert len(step.engine.asked) == 2


def test_what_is_wrong_with_one_pair_costs_the_other_nothing(step, server):
    several(step)
    server.changed = {5: ["src/other/x.py", "specs/a.md"]}
    good = step.engine

    def engine(settings, start, *, env, display, servers):
        if settings.component == "src/other":
            raise ComponentError("no component 'src/other'")
        return good(settings, start, env=env, display=display, servers=servers)

    step.engine = engine

    assert step.run() == 2
    assert len(commands(step, "error")) == 1
    assert len(server.bodies(5)) == 1


def test_no_comment_when_none_is_wanted(step, server):
    step.env["INPUT_COMMENT"] = "false"
    step.run()

    assert server.exchanges == []


def test_a_usual_run_stays_within_fifteen_requests(step, server):
    for _ in range(150):
        server.add_comment(5, "chatter", author="someone")
    step.run()

    assert len(server.exchanges) <= 15


def test_accepted_tests_are_committed_to_the_branch(step, server, tmp_path):
    git = delivering(step, server, tmp_path, "commit")

    assert step.run() == 0
    assert git.git("ls-tree", "-r", "--name-only", "feature") == FILE.path
    sha = git.git("rev-parse", "feature")
    assert step.outputs["delivery-url"] == f"https://github.com/octo/demo/commit/{sha}"
    assert f"/commit/{sha}" in server.bodies(5)[0]
    assert f"/commit/{sha}" in step.summary
    assert len(server.exchanges) <= 15


def test_accepted_tests_are_proposed_in_a_pull_request(step, server, tmp_path):
    git = delivering(step, server, tmp_path, "pull-request")

    assert step.run() == 0
    ((number, proposed),) = server.proposed.items()
    assert proposed["base"] == "feature"
    assert proposed["title"] == "Add 1 test file written from the spec"
    assert "FR-4" in proposed["body"]
    assert step.outputs["delivery-url"].endswith(f"/pull/{number}")
    assert git.git("rev-list", "--count", "feature") == "1"
    assert len(server.exchanges) <= 15


@pytest.mark.parametrize(
    ("asked", "delivered"), [("false", [FILE.path]), ("true", ["t_disputed.py", FILE.path])]
)
def test_disputed_tests_are_delivered_only_when_asked_for(step, server, tmp_path, asked, delivered):
    git = delivering(step, server, tmp_path, "commit")
    step.env["INPUT_DELIVER-DISPUTES"] = asked
    step.run()

    assert git.git("ls-tree", "-r", "--name-only", "feature").split() == delivered
    for path in set(delivered) - {FILE.path}:
        assert "xfail(strict=True" in git.git("show", f"feature:{path}")


@pytest.mark.parametrize("how", ["commit", "pull-request"])
def test_nothing_is_delivered_to_a_fork(step, server, tmp_path, how):
    git = delivering(step, server, tmp_path, how)
    pull_request(step, head="someone/demo", sha=git.git("rev-parse", "feature"))

    assert step.run() == 0
    assert "Nothing is delivered" in step.log
    assert server.exchanges == []


def test_what_was_only_judged_is_not_delivered(step, server, tmp_path):
    judged = DELIVERABLE.model_copy(update={"jobs": ()})
    delivering(step, server, tmp_path, "commit", judged)
    step.run()

    assert "Nothing is delivered: nothing was generated." in step.log


def test_a_run_that_failed_does_not_close_the_pull_request(step, server, tmp_path):
    delivering(step, server, tmp_path, "pull-request")
    step.run()
    failed = JOB.model_copy(update={"status": "failed"})
    step.engine.result = step.engine.result.model_copy(
        update={"jobs": (failed,), "verification": Verification()}
    )
    step.run()

    assert len(server.pulls) == 1
    assert "not every job succeeded" in step.log


def test_a_failed_job_costs_the_pull_request_no_test_that_it_held(step, server, tmp_path):
    git = delivering(step, server, tmp_path, "pull-request")
    whole = step.engine.result
    other = GeneratedFile(path="tests/calculator/other.py", content="def test_other(): ...\n")
    held = whole.verification.model_copy(update={"files": (FILE, other)})
    step.engine.result = whole.model_copy(update={"verification": held})
    step.run()
    failed = JOB.model_copy(update={"task_id": "2", "status": "failed"})
    done = JOB.model_copy(update={"files": (FILE,)})
    step.engine.result = whole.model_copy(update={"jobs": (done, failed)})
    step.run()

    branch = "spec-to-production/default/feature"
    assert git.git("ls-tree", "-r", "--name-only", branch).split() == [other.path, FILE.path]


def test_a_token_that_may_not_commit_costs_the_delivery_only(step, server, tmp_path):
    delivering(step, server, tmp_path, "commit")
    server.writable = False

    assert step.run() == 0
    assert any("contents: write" in line for line in commands(step, "warning"))
    assert step.outputs["delivery-url"] == ""


@pytest.mark.parametrize("output", ["../out", "/etc", ".", "link", "link/deeper", "a.json"])
def test_results_stay_in_a_folder_of_their_own(step, tmp_path, output):
    (step.workspace / "link").symlink_to(tmp_path)
    step.env["INPUT_OUTPUT"] = output

    assert step.run() == 2
    assert "output" in commands(step, "error")[0]
    assert step.engine.asked == []


def test_a_link_that_waits_in_the_folder_is_refused(step, tmp_path):
    (step.workspace / "out").mkdir()
    (step.workspace / "out" / "report.json").symlink_to(tmp_path / "victim")

    assert step.run() == 2
    assert not (tmp_path / "victim").exists()


def test_a_folder_for_results_behind_a_link_within_the_workspace_is_refused(step):
    (step.workspace / ".git").mkdir()
    (step.workspace / "link").symlink_to(".git")
    step.env["INPUT_OUTPUT"] = "link/hooks"

    assert step.run() == 2
    assert not list((step.workspace / ".git").iterdir())


@pytest.mark.parametrize(
    ("name", "path", "link"),
    [
        ("SPEC", "specs/calculator.md", "specs/calculator.md"),
        ("SPEC", "specs/*.md", "specs/calculator.md"),
        ("SPEC", "specs/inner/a.md", "specs/inner"),
        ("TESTS", "tests", "tests/test_x.py"),
        ("TESTS", "tests/test_x.py", "tests/test_x.py"),
        ("CACHE-DIR", ".cache/answers", ".cache"),
    ],
)
def test_nothing_is_read_through_a_link_in_the_checkout(step, tmp_path, name, path, link):
    (step.workspace / link).parent.mkdir(exist_ok=True)
    (step.workspace / link).symlink_to(tmp_path)
    step.env[f"INPUT_{name}"] = path

    assert step.run() == 2
    assert f"{name.lower()}: {link} is a symbolic link" in commands(step, "error")[0]
    assert step.engine.asked == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_writes_belongs_to_the_workspaces_owner(step):
    os.chown(step.workspace, 1001, 121)
    step.env["INPUT_OUTPUT"] = "reports/run"
    step.run()

    written = list(step.workspace.rglob("*"))
    assert step.workspace / "reports" / "run" / "report.json" in written
    assert {(path.stat().st_uid, path.stat().st_gid) for path in written} == {(1001, 121)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(
    "error", [None, ComponentError("unreadable"), Interrupted(signal.SIGINT), RuntimeError("fault")]
)
def test_what_is_kept_for_later_runs_belongs_to_the_workspaces_owner(step, error):
    # The step that stores it, actions/cache, runs as this owner.
    os.chown(step.workspace, 1001, 121)
    step.env["INPUT_CACHE-DIR"] = ".kept/answers"
    step.engine.error, step.engine.writes = error, ".kept/answers/one/answer.json"
    step.run()

    kept = [step.workspace / ".kept", *(step.workspace / ".kept").rglob("*")]
    assert len(kept) == 4
    assert {(path.stat().st_uid, path.stat().st_gid) for path in kept} == {(1001, 121)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_lies_outside_the_workspace_stays_roots(step):
    os.chown(step.workspace, 1001, 121)
    step.env["INPUT_CACHE-DIR"] = "../kept"
    step.engine.writes = "../kept/answer.json"
    step.run()

    kept = step.workspace.parent / "kept"
    assert {path.stat().st_uid for path in (kept, *kept.rglob("*"))} == {0}


def test_nothing_in_the_checkout_is_imported(tmp_path):
    for name in ("json", "httpx", "github", "spec_to_production", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hijacked')")
    entry = Path(__file__).parents[3] / "entrypoint.py"
    done = subprocess.run(
        [sys.executable, "-I", entry],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "hijacked" not in done.stdout + done.stderr
    assert done.returncode == 2
    assert done.stdout.startswith("::error ")
