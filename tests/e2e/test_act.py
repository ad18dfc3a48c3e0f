"""The repository's own workflow, as act runs it: its inputs, its event, its artifact service."""

import json
import os
import re
import shutil
import socket
import subprocess
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from spec_to_production.github.comment import Marker
from spec_to_production.github.relay import parse_report
from support import container, github_server, go

pytestmark = pytest.mark.e2e

ACT = "github.com/nektos/act@v0.2.89"
ACTION_IMAGE = "act-dockeraction:latest"
"""What act calls the image of ``uses: ./``, and does not build again when told so."""
WORKFLOW = ".github/workflows/dogfood.yml"
RUNNERS = ("ubuntu-24.04", "ubuntu-latest")
LESS_OFTEN = {"flake-bound": 0.5, "poll-interval": 0.5}
WITHOUT_JOBS = {"enable-openhands": "false", "enable-refactoring": "false"}
_RUN_S = 900


@dataclass(frozen=True)
class WorkflowRun:
    """What a run of the workflow left behind."""

    code: int
    log: str
    server: github_server.GitHubServer
    artifacts: Path

    def seen(self):
        kept = len(list(self.artifacts.rglob("*.zip")))
        return f"exit {self.code}, {len(self.server.bodies(5))} comment, {kept} artifact"

    def stored(self):
        (archive,) = self.artifacts.rglob("*.zip")
        return zipfile.ZipFile(archive)


@contextmanager
def running(docker, checkout, workflow, model):
    """A pull request's run of a workflow in a checkout, over by then."""
    event = checkout.with_name("event.json")
    artifacts = checkout.with_name(f"artifacts-{workflow.stem}")
    event.write_text(json.dumps(github_server.pull_request_event()))
    with github_server.serve() as server:
        command = [
            go.program(ACT),
            "pull_request",
            f"--workflows={workflow}",
            f"--eventpath={event}",
            *(f"--platform={name}={container.base(docker)}" for name in RUNNERS),
            f"--artifact-server-path={artifacts}",
            "--artifact-server-addr=127.0.0.1",
            f"--artifact-server-port={free_port()}",
            "--container-daemon-socket=-",
            "--no-cache-server",
            "--pull=false",
            "--rebuild=false",
            f"--env=GITHUB_API_URL={server.url}",
            "--secret=GITHUB_TOKEN=ghs-token",
            "--secret=LLM_API_KEY=recorded-key",
            "--var=LLM_MODEL=openai/recorded-answers",
            f"--var=LLM_BASE_URL={model}",
        ]
        done = subprocess.run(
            command,
            cwd=checkout,
            env=os.environ | ({"DOCKER_HOST": docker.host} if docker.host else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=_RUN_S,
            check=False,
        )
        yield WorkflowRun(done.returncode, done.stdout, server, artifacts)
    assert server.problems == []


@pytest.fixture(scope="module")
def checkout(docker, image, tmp_path_factory):
    """This repository, and the image as act looks for it."""
    made = tmp_path_factory.mktemp("act") / "demo"
    clone(made)
    docker("tag", image, ACTION_IMAGE)
    return made


@pytest.fixture(scope="module")
def workflow_run(docker, checkout, model, show):
    file = checkout / WORKFLOW
    file.write_text(shortened(file.read_text(), LESS_OFTEN))
    with running(docker, checkout, file, model) as made:
        show("the repository's workflow under act", made.seen())
        yield made


def shortened(workflow, inputs):
    """The same workflow with these inputs of the action besides."""
    first = "          spec: "
    assert workflow.count(first) == 1
    more = "".join(f"          {name}: {value}\n" for name, value in inputs.items())
    return workflow.replace(first, more + first)


def clone(checkout):
    """This repository, as if it had come from GitHub: act reads its name from the remote."""
    origin = "https://github.com/octo/demo"
    for command in (
        ("clone", "--quiet", "--no-hardlinks", container.ROOT, checkout),
        ("-C", checkout, "remote", "set-url", "origin", origin),
    ):
        subprocess.run(["git", *command], check=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_it_succeeds(workflow_run):
    assert workflow_run.code == 0, workflow_run.log


def test_its_jobs_ran_on_the_real_agent_server(workflow_run):
    report = parse_report(workflow_run.stored().read("report.json"))

    assert {job.status for job in report.jobs} == {"succeeded"}
    assert report.problems == ()


def test_acts_artifact_server_received_the_artifact(workflow_run):
    archive = workflow_run.stored()

    assert archive.testzip() is None
    assert {"report.json", "report.html", "junit.xml", "changes.patch"} <= set(archive.namelist())
    assert "spec-to-production%3A artifact" not in workflow_run.log  # its warning


def test_its_comment_is_posted(workflow_run):
    (body,) = workflow_run.server.bodies(5)

    assert Marker.read(body) is not None
    assert "dispute" in body


def test_no_secret_is_in_the_log(workflow_run):
    assert not re.search("ghs-token|recorded-key", workflow_run.log)


def test_the_quick_start_of_the_readme_runs(docker, checkout, model, show):
    (workflow,) = re.findall(
        r"^```yaml\n(name: .*?)^```", (checkout / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    here, times = re.subn(r"spec-to-production/spec-to-production@v\d+", "./", workflow)
    assert times == 1
    file = checkout / ".github" / "workflows" / "quick-start.yml"
    file.write_text(shortened(here, WITHOUT_JOBS))
    shutil.copytree(checkout / "examples" / "calculator", checkout / "src" / "calculator")

    with running(docker, checkout, file, model) as made:
        show("the README's quick start under act", made.seen())
        assert made.code == 0, made.log
        (body,) = made.server.bodies(5)
        assert "src/calculator" in body
