"""The image, started as GitHub's runner starts it, against a GitHub on loopback."""

import io
import os
import subprocess
import zipfile

import pytest

from spec_to_production.github.comment import Marker
from support.container import cancel

pytestmark = pytest.mark.e2e


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


def test_a_pull_request_gets_everything(job, server, service):
    assert job.step() == 0, job.log

    (body,) = server.bodies(5)
    assert Marker.read(body) == Marker("default", 4711, 1)
    assert "dispute" in job.read("summary")
    assert "accepted<<" in job.read("output")
    (stored,) = service.artifacts.values()
    names = zipfile.ZipFile(io.BytesIO(stored.content)).namelist()
    assert {"report.json", "report.html", "junit.xml", "changes.patch"} <= set(names)
    assert any(name.startswith("tests/") for name in names)
    assert job.runner.containers() == []


def test_what_it_leaves_belongs_to_the_workspaces_owner(job):
    job.step()

    owners = {path.lstat().st_uid for path in job.workspace.rglob("*")}
    assert owners == {job.workspace.stat().st_uid}


def test_the_checkout_stays_as_it_was(job):
    job.step()

    status = subprocess.run(
        ["git", "-c", "safe.directory=*", "status", "--porcelain"],
        cwd=job.workspace,
        env={
            **os.environ,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert status.stdout == "?? out/\n"


def test_a_fork_has_its_tests_judged_and_is_never_red(job, server, service):
    from conftest import pull_request

    job.event("pull_request", pull_request(head="someone/demo"), "refs/pull/5/merge")
    tests = "examples/calculator/tests"
    code = job.step(**{"INPUT_LLM-API-KEY": "", "INPUT_GITHUB-TOKEN": "", "INPUT_TESTS": tests})

    assert code == 0, job.log
    assert "::notice" in job.log
    assert server.exchanges == []
    assert job.read("summary")
    assert service.artifacts


def test_a_manual_run_comments_on_its_branchs_pull_request(job, server):
    server.pulls = {5: "octo:feature"}
    job.event("workflow_dispatch", {"inputs": {}}, "refs/heads/feature")

    assert job.step() == 0, job.log
    assert len(server.bodies(5)) == 1


def test_a_run_again_edits_its_comment(job, server):
    job.step()
    job.step(GITHUB_RUN_ATTEMPT="2")

    (body,) = server.bodies(5)
    assert Marker.read(body) == Marker("default", 4711, 2)


def test_bad_input_is_one_error_and_exit_code_2(job, server):
    assert job.step(INPUT_COMPONENT="src/nowhere") == 2

    assert sum(line.startswith("::error") for line in job.log.splitlines()) == 1
    assert server.exchanges == []


def test_nothing_in_the_checkout_is_imported(job):
    for name in ("json", "httpx", "github", "spec_to_production", "sitecustomize"):
        (job.workspace / f"{name}.py").write_text("raise SystemExit('hijacked')")

    assert job.step() == 0, job.log
    assert "hijacked" not in job.log


def test_a_cancelled_run_ends_in_time_and_leaves_nothing(job, server):
    with job.runner.start(job.env) as process:
        for line in process.stdout:
            if "jobs submitted" in line:
                break
        code, took_s = cancel(process)

    assert code == 130
    assert took_s < 10  # the runner's own limit: then it kills
    assert server.exchanges == []
    assert job.runner.containers() == []
    assert (job.workspace / "out" / "report.json").exists()
