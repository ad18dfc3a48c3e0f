"""The image, started as GitHub's runner starts it, against a GitHub on loopback."""

import io
import subprocess
import zipfile

import pytest

from spec_to_production.github.comment import Marker
from spec_to_production.github.relay import parse_report
from support.container import cancel

pytestmark = pytest.mark.e2e

SHORT = {"INPUT_ENABLE-OPENHANDS": "false", "INPUT_ENABLE-REFACTORING": "false"}


def run(docker, image, *args):
    command = [*docker.command, "run", "--rm", "--network=none", image, *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("target", ["image", "slim_image"])
def test_with_arguments_it_is_the_command_line(docker, target, request):
    done = run(docker, request.getfixturevalue(target), "--help")

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

    assert status.stdout == "?? out/\n"


def test_no_container_is_left(whole_run):
    assert whole_run.runner.containers() == []


def test_a_fork_has_its_tests_judged_and_is_never_red(job):
    job.pull_request(head="someone/demo")
    code = job.step(
        {
            "INPUT_LLM-API-KEY": "",
            "INPUT_GITHUB-TOKEN": "",
            "INPUT_TESTS": "examples/calculator/tests",
        }
    )

    assert code == 0, job.log
    assert "::notice" in job.log
    assert job.server.exchanges == []
    assert job.read("summary")
    assert job.service.artifacts


def test_a_manual_run_comments_on_its_branchs_pull_request(job):
    job.server.pulls = {5: "octo:feature"}
    job.event("workflow_dispatch", {"inputs": {}}, "refs/heads/feature")

    assert job.step(SHORT) == 0, job.log
    assert len(job.server.bodies(5)) == 1


def test_a_run_again_edits_its_comment(job):
    job.step(SHORT)
    job.step({**SHORT, "GITHUB_RUN_ATTEMPT": "2"})

    (body,) = job.server.bodies(5)
    assert Marker.read(body) == Marker("default", 4711, 2)


def test_bad_input_is_one_error_and_exit_code_2(job):
    assert job.step({"INPUT_COMPONENT": "src/nowhere"}) == 2

    assert sum(line.startswith("::error") for line in job.log.splitlines()) == 1
    assert job.server.exchanges == []


def test_nothing_in_the_checkout_is_imported(job):
    for name in ("json", "httpx", "github", "spec_to_production", "sitecustomize"):
        (job.workspace / f"{name}.py").write_text("raise SystemExit('hijacked')")

    assert job.step(SHORT) == 0, job.log
    assert "hijacked" not in job.log


def test_a_cancelled_run_ends_in_time_and_leaves_nothing(job):
    with job.runner.start(job.env) as process:
        for line in process.stdout:
            if ": submitted" in line:
                break
        code, took_s = cancel(process)

    assert code == 130
    assert took_s < 10  # the runner's own limit: then it kills
    assert job.server.exchanges == []
    assert job.runner.containers() == []
    assert (job.workspace / "out" / "report.json").exists()
