"""The action's image, once for all tests of it; they run when asked for: ``make e2e``."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest

from support import artifact_server, git_data, github_server
from support.container import ROOT, Runner, Unavailable, build, engine

WORKSPACE_OWNER = 1001
_STEP_S = 1200
_NOT_RUN = 3
EXAMPLE = ("examples/calculator", "specs/calculator_operations.md")


ROWS = pytest.StashKey[list[tuple[str, str]]]()


@pytest.fixture(scope="session")
def show(pytestconfig):
    """Takes an event and what was seen of it, for the table at the end."""
    return lambda event, seen: pytestconfig.stash.setdefault(ROWS, []).append((event, seen))


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(ROWS, [])
    if rows:
        terminalreporter.section("events and outcomes")
    for event, seen in rows:
        terminalreporter.line(f"{event:<36} {seen}")


def pytest_collection_modifyitems(config, items):
    """An image takes minutes to build: without ``-m e2e`` these tests are told, and not run."""
    if "e2e" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.skip(reason="in a container: make e2e"))


@pytest.fixture(scope="session")
def docker():
    with ExitStack() as stack:
        try:
            found = stack.enter_context(engine())
        except Unavailable as reason:
            pytest.exit(f"Nothing was run. {reason}", returncode=_NOT_RUN)
        yield found


@pytest.fixture(scope="session")
def image(docker):
    return build(docker, "full")


@pytest.fixture(scope="session")
def slim_image(docker):
    return build(docker, "slim")


@pytest.fixture(scope="session")
def model():
    """The address of the recorded model."""
    examples = ROOT / "examples"
    command = [
        sys.executable,
        examples / "recorded_model/server.py",
        "--answers",
        examples / "answers",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().split()[-1]
        process.terminate()


@dataclass
class Job:
    """A job on a runner: its folders, its environment, and what its steps left behind."""

    runner: Runner
    server: github_server.GitHubServer
    service: artifact_server.ArtifactServer
    env: dict
    logs: list = field(default_factory=list)

    @property
    def log(self):
        return self.logs[-1]

    @property
    def workspace(self):
        return self.runner.folder / "workspace"

    def event(self, name, payload, ref):
        (self.runner.folder / "workflow" / "event.json").write_text(json.dumps(payload))
        self.env.update({"GITHUB_EVENT_NAME": name, "GITHUB_REF": ref})

    def pull_request(self, head="octo/demo"):
        sha = git("rev-parse", "HEAD", cwd=self.workspace)
        payload = github_server.pull_request_event(head, sha)
        self.event("pull_request", payload, "refs/pull/5/merge")

    def push_to_github(self, branch):
        """Have the GitHub on loopback hold the checkout's commit on a branch."""
        folder = self.runner.folder / "github.git"
        shutil.copytree(self.workspace / ".git", folder)
        git("config", "core.bare", "true", cwd=folder)
        git("branch", branch, cwd=folder)
        url = f"{self.server.url}/repos/octo/demo/git"
        self.server.git = git_data.GitData(folder, url, self.server.api.example)

    def step(self, env=MappingProxyType({})):
        with self.runner.start({**self.env, **env}) as process:
            log, _ = process.communicate(timeout=_STEP_S)
            self.logs.append(log)
            return process.returncode

    def read(self, name):
        return (self.runner.folder / "file_commands" / name).read_text()

    def seen(self, code):
        """What a step left, in a line."""
        told = [
            f"exit {code}",
            f"{len(self.server.bodies(5))} comment",
            f"{len(self.service.artifacts)} artifact",
            "summary" if self.read("summary") else "no summary",
            f"{len(self.server.exchanges)} requests to GitHub",
        ]
        return ", ".join(told)


@contextmanager
def starting(runner, model):
    """A checkout of the example, owned by the runner's user, and a pull request about it."""
    for name in ("workspace", "home", "workflow", "file_commands", "runner_temp"):
        (runner.folder / name).mkdir()
    for name in ("output", "summary"):
        (runner.folder / "file_commands" / name).touch()
    with github_server.serve() as server, artifact_server.serve() as service:
        job = Job(
            runner,
            server,
            service,
            {
                "GITHUB_REPOSITORY": "octo/demo",
                "GITHUB_SHA": "a" * 40,
                "GITHUB_RUN_ID": "4711",
                "GITHUB_RUN_ATTEMPT": "1",
                "GITHUB_JOB": "tests",
                "GITHUB_ACTOR": "octocat",
                "GITHUB_TRIGGERING_ACTOR": "octocat",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_API_URL": server.url,
                "ACTIONS_RESULTS_URL": service.url,
                "ACTIONS_RUNTIME_TOKEN": service.token,
                "INPUT_SPEC": EXAMPLE[1],
                "INPUT_COMPONENT": EXAMPLE[0],
                "INPUT_LLM-MODEL": "openai/recorded-answers",
                "INPUT_LLM-API-KEY": "recorded",
                "INPUT_LLM-BASE-URL": model,
                "INPUT_GITHUB-TOKEN": "ghs-token",
                "INPUT_POLL-INTERVAL": "0.5",
                "INPUT_FLAKE-BOUND": "0.5",
            },
        )
        checkout(job.workspace)
        job.pull_request()
        yield job
    assert server.problems == []


@pytest.fixture
def job(docker, image, model, tmp_path):
    """A job that has not run yet."""
    with starting(Runner(docker, image, tmp_path), model) as made:
        yield made


@pytest.fixture(scope="session")
def whole_run(docker, image, model, show, tmp_path_factory):
    """A job whose one step did everything, on a pull request of the same repository."""
    folder = tmp_path_factory.mktemp("whole")
    with starting(Runner(docker, image, folder), model) as made:
        code = made.step()
        show("pull request", made.seen(code))
        assert code == 0, made.log
        yield made


def git(*args, cwd=None):
    """Git as anyone, in a folder of anyone's; gives what it says."""
    settings = {"safe.directory": "*", "user.name": "octocat", "user.email": "octocat@localhost"}
    given = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
    done = subprocess.run(
        ["git", *given, *args], cwd=cwd, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


def checkout(workspace):
    """What actions/checkout leaves: a repository that belongs to the runner's user.

    Without root it belongs to whoever runs the tests, who is the runner's user then.
    """
    for path in EXAMPLE:
        target = workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, target)
    git("init", "--quiet", cwd=workspace)
    git("add", "--all", cwd=workspace)
    git("commit", "--quiet", "--message=one", cwd=workspace)
    if os.geteuid() != 0:
        return
    for folder, _, files in os.walk(workspace):
        for path in (folder, *(Path(folder, name) for name in files)):
            os.chown(path, WORKSPACE_OWNER, WORKSPACE_OWNER)
