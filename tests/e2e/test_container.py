"""The image, started as GitHub's runner starts it, against a GitHub on loopback."""

import io
import os
import re
import shutil
import subprocess
import threading
import time
import zipfile

import pytest

from e2e.conftest import starting
from spec_to_production.github.comment import Marker
from spec_to_production.github.relay import parse_report
from support.container import Runner, build, cancel, stop

pytestmark = pytest.mark.e2e

ONE_MODULE = {
    "INPUT_COMPONENT": "examples/calculator/session.py",
    "INPUT_ENABLE-REFACTORING": "false",
}
SHORT = {"INPUT_ENABLE-OPENHANDS": "false", "INPUT_ENABLE-REFACTORING": "false"}
JUDGED = ONE_MODULE | {"INPUT_TESTS": "examples/calculator/tests/test_session.py"}


def run(docker, image, *args):
    command = [*docker.command, "run", "--rm", "--network=none", image, *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("buildkit", [True, False])
@pytest.mark.parametrize("target", ["full", "slim"])
def test_with_arguments_it_is_the_command_line(docker, target, buildkit, show):
    image = build(docker, target, buildkit=buildkit)
    began = time.monotonic()
    done = run(docker, image, "--help")

    took_s = time.monotonic() - began
    builder = "BuildKit" if buildkit else "the legacy builder"
    show(f"--help of {target}, by {builder}", f"exit {done.returncode}, after {took_s:.1f} s")
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_every_file_of_ours_is_compiled(docker, slim_image):
    script = (
        "import pathlib, importlib.util as u\n"
        "import spec_to_production as s\n"
        "files = list(pathlib.Path(s.__file__).parent.rglob('*.py'))\n"
        "print([str(f) for f in files if not pathlib.Path(u.cache_from_source(str(f))).exists()])"
    )
    command = ["run", "--rm", "--network=none", "--entrypoint=/opt/tool/bin/python", slim_image]

    assert docker(*command, "-I", "-c", script).strip() == "[]"


def test_a_pull_request_gets_everything(whole_run):
    (body,) = whole_run.server.bodies(5)
    (stored,) = whole_run.service.artifacts.values()
    names = zipfile.ZipFile(io.BytesIO(stored.content)).namelist()

    assert Marker.read(body) == Marker("default", 4711, 1)
    assert "dispute" in whole_run.read("summary")
    assert "accepted<<" in whole_run.read("output")
    assert {"report.json", "report.html", "junit.xml", "changes.patch"} <= set(names)
    assert any(name.startswith("tests/") for name in names)
    assert len(whole_run.server.exchanges) <= 15


def test_its_jobs_ran_side_by_side_on_the_real_agent_server(whole_run):
    report = parse_report((whole_run.workspace / "out" / "report.json").read_bytes())
    jobs = report.jobs

    assert {job.status for job in jobs} == {"succeeded"}
    assert max(job.submitted_ms for job in jobs) < min(job.ended_ms for job in jobs)
    assert report.fallback is None


def test_what_it_leaves_belongs_to_the_workspaces_owner(whole_run):
    owners = {path.lstat().st_uid for path in whole_run.workspace.rglob("*")}

    assert owners == {whole_run.workspace.stat().st_uid}


def test_the_checkout_stays_as_it_was(whole_run):
    # The command line counts as safe what is given there, whoever owns the folder.
    status = subprocess.run(
        ["git", "-c", "safe.directory=*", "status", "--porcelain"],
        cwd=whole_run.workspace,
        capture_output=True,
        text=True,
        check=True,
    )

    assert status.stdout == ""  # the folder of the reports hides itself


def test_no_container_is_left(whole_run):
    assert whole_run.runner.containers() == []


def test_the_first_job_is_submitted_as_soon_as_the_server_is_ready(whole_run, show):
    ready_s = float(re.search(r"\[ *([\d.]+) s\] the agent server is ready", whole_run.log)[1])
    report = parse_report((whole_run.workspace / "out" / "report.json").read_bytes())
    waited_s = min(job.submitted_ms for job in report.jobs) / 1000 - ready_s

    show("first submission", f"{max(0, waited_s):.1f} s after the server was ready")
    assert waited_s <= 1  # the bar that was set for it


@pytest.fixture(scope="module")
def deliveries(docker, image, model, show, tmp_path_factory):
    """A job of two steps that both keep answers: one proposes its tests, the next commits them."""
    with starting(Runner(docker, image, tmp_path_factory.mktemp("deliveries")), model) as made:
        made.push_to_github("feature")
        for how in ("pull-request", "commit"):
            code = made.step(ONE_MODULE | {"INPUT_DELIVER": how, "INPUT_CACHE-DIR": ".kept"})
            show(f"deliver: {how}", made.seen(code))
            assert code == 0, made.log
        yield made


@pytest.mark.parametrize("branch", ["spec-to-production/default/feature", "feature"])
def test_accepted_tests_are_delivered(deliveries, branch):
    git = deliveries.server.git.git

    assert git("diff", "--name-only", "HEAD", branch) == (
        "examples/calculator/tests/test_session_spec.py"
    )
    assert git("rev-list", "--count", f"HEAD..{branch}") == "1"
    assert len(deliveries.server.proposed) == 1


def test_what_is_kept_saves_the_next_run_its_jobs(deliveries):
    ready = "the agent server is ready"

    assert [ready in log for log in deliveries.logs] == [True, False]


def test_what_is_kept_is_stored_by_the_runners_user(deliveries):
    owner = deliveries.workspace.stat()
    runner = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    stored = subprocess.run(  # as actions/cache does
        ["tar", "--create", "--file=-", ".kept"],
        cwd=deliveries.workspace,
        capture_output=True,
        check=True,
        **(runner if os.geteuid() == 0 else {}),
    )

    assert stored.stdout


def test_several_pairs_share_the_agent_server(job, show):
    shutil.copy(job.workspace / "specs/calculator_operations.md", job.workspace / "specs/b.md")
    components = "examples/calculator/session.py\nexamples/calculator/expression.py"
    specs = "specs/calculator_operations.md\nspecs/b.md"
    code = job.step(ONE_MODULE | {"INPUT_SPEC": specs, "INPUT_COMPONENT": components})
    folders = ("1-session.py", "2-expression.py")

    show("two specs and components", job.seen(code))
    assert code == 0, job.log
    assert job.log.count("the agent server is ready") == 1
    for folder in folders:
        report = parse_report((job.workspace / "out" / folder / "report.json").read_bytes())
        assert {each.status for each in report.jobs} == {"succeeded"}


def test_a_fork_has_its_tests_judged_and_is_never_red(job, show):
    job.pull_request(head="someone/demo")
    code = job.step(JUDGED | {"INPUT_LLM-API-KEY": "", "INPUT_GITHUB-TOKEN": ""})

    show("pull request from a fork", job.seen(code))
    assert code == 0, job.log
    assert "::notice" in job.log
    assert job.server.exchanges == []
    assert job.read("summary")
    assert job.service.artifacts


def test_a_manual_run_comments_on_its_branchs_pull_request_and_edits_that_when_run_again(job, show):
    job.server.pulls = {5: "octo:feature"}
    job.event("workflow_dispatch", {"inputs": {}}, "refs/heads/feature")

    for attempt, event in ((1, "manual run"), (2, "the same run again")):
        code = job.step(SHORT | {"GITHUB_RUN_ATTEMPT": str(attempt)})

        show(event, job.seen(code))
        assert code == 0, job.log
        (body,) = job.server.bodies(5)
        assert Marker.read(body) == Marker("default", 4711, attempt)


def test_bad_input_is_one_error_and_exit_code_2(job, show):
    code = job.step({"INPUT_COMPONENT": "src/nowhere"})

    show("bad input", job.seen(code))
    assert code == 2
    assert sum(line.startswith("::error") for line in job.log.splitlines()) == 1
    assert job.server.exchanges == []


def test_nothing_in_the_checkout_is_imported(job):
    for name in ("json", "httpx", "github", "spec_to_production", "sitecustomize"):
        (job.workspace / f"{name}.py").write_text("raise SystemExit('hijacked')")

    assert job.step(SHORT) == 0, job.log
    assert "hijacked" not in job.log


PHASES = {
    "while the agent server starts": ("baseline: running", {}),
    "during a job": ("the agent server is ready", {}),
    "during verification": ("repeats in changing circumstances", JUDGED | {"INPUT_MODE": "verify"}),
    "while it publishes": ("::group::Result", SHORT),
}
"""The line of the log that begins each, and what leads there."""


@pytest.mark.parametrize(
    ("phase", "end", "code"),
    [
        ("while the agent server starts", cancel, 130),
        ("while the agent server starts", stop, 143),
        ("during a job", cancel, 130),
        ("during verification", cancel, 130),
        # The first signal leaves it the time to bring to an end what it publishes.
        ("while it publishes", cancel, 143),
        ("while it publishes", stop, 143),
    ],
)
def test_a_cancelled_run_ends_in_time_and_leaves_nothing(job, phase, end, code, show):
    line, env = PHASES[phase]
    github_answers = threading.Event()
    job.server.before = lambda *_: github_answers.wait()
    with job.runner.start(job.env | env) as process:
        next(told for told in process.stdout if line in told)
        ended, took_s = end(job.runner, process)
    left = job.runner.containers()
    github_answers.set()

    show(f"{end.__name__} {phase}", f"{job.seen(ended)}, after {took_s:.1f} s")
    assert ended == code
    assert took_s < 10  # the runner's own limit, and Docker's: then they kill
    assert left == []
    assert job.server.bodies(5) == []
    report = parse_report((job.workspace / "out" / "report.json").read_bytes())
    assert report.interrupted is (phase != "while it publishes")
    assert {each.status for each in report.jobs} <= {"cancelled"}
    owners = {path.lstat().st_uid for path in job.workspace.rglob("*")}
    assert owners == {job.workspace.stat().st_uid}
