"""A job with something worth stealing in every place where a runner has it, and its attackers."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from integration.conftest import open_folder, recorded_model  # noqa: F401 - fixtures
from spec_to_production.github.folders import close_to_others

ATTACKER = Path(__file__).parent / "attacker" / "attempts.py"
RUNNER_UID = 1001
ROWS = pytest.StashKey[list[tuple[str, str, str, str]]]()

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can separate users")


def canary(name: str) -> str:
    """A value that is nowhere but where it was planted."""
    return f"s2p-canary-{name}-{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Job:
    """The folders and secrets of a job, as a container action finds them below ``/github``."""

    folder: Path
    secrets: dict[str, str]
    tool_pid: int
    elsewhere: int

    @property
    def github(self) -> Path:
        return self.folder / "github"

    def targets(self, **more: str) -> dict[str, str]:
        """What the attacker aims at; it knows every path."""
        github = self.github
        checkout = github / "workspace"
        return {
            "tool_pid": str(self.tool_pid),
            "elsewhere": str(self.elsewhere),
            "job": str(self.folder),
            "event_file": str(github / "workflow/event.json"),
            "secret_file": str(github / "runner_temp/token"),
            "git_config": str(checkout / ".git/config"),
            "env_file": str(github / "file_commands/env"),
            "path_file": str(github / "file_commands/path"),
            "summary_file": str(github / "file_commands/summary"),
            "output_file": str(github / "file_commands/output"),
            "checkout_file": str(checkout / "area.py"),
            "hook_file": str(checkout / ".git/hooks/post-commit"),
            "workflow_file": str(checkout / ".github/workflows/evil.yml"),
            "docker_socket": str(self.folder / "docker.sock"),
            "import_file": str(Path(json.__file__).parent / "evil.py"),
            "tool_file": str(Path(__file__).parents[2] / "src/spec_to_production/engine.py"),
            **more,
        }


@pytest.fixture(scope="session")
def job() -> Iterator[Job]:
    """A job's folders, with a process of the tool's kind that holds every secret."""
    names = ("llm", "github_token", "runtime_token", "openhands", "file", "event", "checkout")
    planted = {name: canary(name) for name in names}
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="s2p-job-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        _furnish(folder / "github", planted)
        docker = stack.enter_context(socket.socket(socket.AF_UNIX))
        docker.bind(str(folder / "docker.sock"))
        docker.listen()
        (folder / "docker.sock").chmod(0o660)
        tool = stack.enter_context(_process_with(planted, folder / "github/runner_temp/token"))
        github = folder / "github"
        close_to_others(
            {
                "GITHUB_WORKSPACE": str(github / "workspace"),
                "GITHUB_EVENT_PATH": str(github / "workflow/event.json"),
            }
        )
        yield Job(folder, planted, tool.pid, stack.enter_context(_elsewhere()))


@pytest.fixture
def attack(request: pytest.FixtureRequest) -> Callable[[str, Sequence[str]], None]:
    """Takes an attacker's report, puts it into the table, and fails for what succeeded."""

    def judge(attacker: str, lines: Sequence[str], *, least: int = 1) -> None:
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        for row in rows:
            record(request.config, attacker, row["attempt"], row["outcome"], row["evidence"])
        assert len(rows) >= least, lines
        assert not [row for row in rows if row["outcome"] != "held"]

    return judge


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Puts one attempt that a test makes by itself into the table."""
    return lambda *row: record(request.config, *row)


def held(found: object) -> str:
    """The outcome of an attempt, by what it found."""
    return "SUCCEEDED" if found else "held"


def record(config: pytest.Config, attacker: str, attempt: str, outcome: str, evidence: str) -> None:
    config.stash.setdefault(ROWS, []).append((attacker, attempt, outcome, evidence))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show what was tried and what became of it."""
    rows = config.stash.get(ROWS, [])
    if rows:
        terminalreporter.section("attempts")
    for attacker, attempt, outcome, evidence in rows:
        terminalreporter.line(f"{attacker:<24} {attempt:<62} {outcome:<10} {evidence[:60]}")
    if rows:
        succeeded = sum(outcome != "held" for _, _, outcome, _ in rows)
        terminalreporter.line(f"{len(rows)} attempts, {succeeded} succeeded")


def _furnish(github: Path, planted: dict[str, str]) -> None:
    """The runner's folders: its own user's, open to all, as on a hosted runner."""
    event, file, checkout = planted["event"], planted["file"], planted["checkout"]
    texts = {
        "workflow/event.json": json.dumps({"token": event}),
        "runner_temp/token": file,
        **dict.fromkeys(
            [f"file_commands/{name}" for name in ("env", "path", "summary", "output")], ""
        ),
        "home/.gitconfig": "",
        "workspace/area.py": "def area(a, b):\n    return a * b\n",
        "workspace/.git/config": f"[http]\n\textraheader = AUTHORIZATION: basic {checkout}\n",
        "workspace/.git/hooks/none": "",
        "workspace/.github/workflows/ci.yml": "",
    }
    for name, text in texts.items():
        path = github / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    if os.geteuid() == 0:
        for folder in github.iterdir():
            for path in (folder, *folder.rglob("*")):
                os.chown(path, RUNNER_UID, RUNNER_UID)


@contextlib.contextmanager
def _process_with(planted: dict[str, str], file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Holds the secrets in its environment, its memory, an open file and shared memory."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="s2p-") as shared:
        shared.write(planted["llm"].encode())
        shared.flush()
        code = "import os, sys; held = dict(os.environ); print(flush=True); sys.stdin.read()"
        with file.open("rb") as opened:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", code],
                env={"PATH": os.defpath, **{f"INPUT_{n}": text for n, text in planted.items()}},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[opened.fileno()],
            )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
            process.kill()


@contextlib.contextmanager
def _elsewhere() -> Iterator[int]:
    """Another server on this machine, which nobody in a sandbox should reach."""

    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        do_POST = do_CONNECT = do_GET  # noqa: N815 - http.server asks for the names

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
