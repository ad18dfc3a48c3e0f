"""The embedded server from its start to its end, and what it leaves: nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from spec_to_production.errors import OpenHandsError, ServerLostError, ServerStartError
from spec_to_production.openhands import EmbeddedServer
from spec_to_production.openhands.embedded import held_port
from spec_to_production.openhands.launch import Environment
from spec_to_production.settings import cache_folder

pytestmark = pytest.mark.integration


READ_ENVIRONMENTS = r"cat /proc/*/environ | tr '\0' '\n' > environment.txt"


def processes_of(folder: Path) -> dict[int, list[str]]:
    """The command lines of processes whose environment names the folder, or that were told it."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            told = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if process.name != str(os.getpid()) and any(str(folder).encode() in text for text in told):
            found[int(process.name)] = told[0].decode().split("\0")
    return found


def server_process(folder: Path) -> int:
    return next(
        pid
        for pid, command in processes_of(folder).items()
        if command[1:3] == ["-m", "openhands.agent_server"]
    )


def test_a_killed_server_is_told_to_all_jobs_and_takes_its_agents_along(
    open_folder, on, recorded_model, until, monkeypatch
):
    monkeypatch.setenv("GITHUB_TOKEN", "canary-4711")
    server = EmbeddedServer.start(open_folder / "openhands", cache_folder(), print)
    try:
        server.wait_until_ready()
        jobs = on(server)
        job = jobs.start(
            recorded_model.record(
                {"terminal": f"{READ_ENVIRONMENTS}; id > id.txt"},
                {"terminal": "(setsid sleep 301 &); sleep 300"},
            )
        )
        until(lambda: [c for c in processes_of(open_folder).values() if "300" in c])
        os.kill(server_process(open_folder), signal.SIGKILL)
        until(lambda: not processes_of(open_folder))
        for ask in (
            lambda: server.states([job]),
            lambda: jobs.start("tests/test_other.py"),
            lambda: server.interrupt(job),
            lambda: server.failure(job),
        ):
            with pytest.raises(ServerLostError):
                ask()
        # The copy is still there: what the job had done is not lost.
        patch = server.patch(job)
        assert "OH_CONVERSATIONS_PATH" in patch
        assert "canary-4711" not in patch
        assert "not-a-key" not in patch
        assert "uid=0" not in patch
    finally:
        server.close()
        server.close()
    assert [path.name for path in (open_folder / "openhands").iterdir()] == ["agent-server.log"]
    with pytest.raises(OpenHandsError):
        server.states([job])


PROGRAM = """
import sys, threading
from pathlib import Path
from spec_to_production.openhands import EmbeddedServer
from spec_to_production.settings import cache_folder
server = EmbeddedServer.start(Path(sys.argv[1]), cache_folder(), lambda text: None)
server.wait_until_ready()
print("ready", flush=True)
threading.Event().wait()
"""


def test_a_killed_tool_leaves_no_process(open_folder, until):
    folder = open_folder / "openhands"
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tool:
        try:
            assert tool.stdout.readline() == b"ready\n"
            assert server_process(folder)
        finally:
            tool.kill()
    until(lambda: not processes_of(folder))


def test_closing_at_once_ends_the_start(open_folder):
    server = EmbeddedServer.start(open_folder / "openhands", cache_folder(), print)
    server.close()
    with pytest.raises(OpenHandsError):
        server.wait_until_ready()
    assert not processes_of(open_folder)


def test_a_server_that_dies_is_told_with_its_last_words(open_folder):
    environment = Environment(Path("/usr/bin/python3"))
    server = EmbeddedServer(open_folder / "openhands", lambda stop: environment)
    try:
        with pytest.raises(ServerStartError, match="No module named"):
            server.wait_until_ready()
    finally:
        server.close()
    assert not processes_of(open_folder)


def test_without_namespaces_the_supervisor_still_ends_everything(open_folder):
    supervisor = Path(sys.modules[EmbeddedServer.__module__].__file__).with_name("supervisor.py")
    script = "setsid sleep 302 & (sleep 303 &) ; echo up; exec sleep 304"
    command = [sys.executable, "-I", str(supervisor), str(open_folder), "--", "sh", "-c", script]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.defpath, "OF": str(open_folder)},
    ) as process:
        assert process.stdout.readline() == b"up\n"
        process.stdin.close()
        assert process.wait(20) == 128 + signal.SIGKILL
    assert not processes_of(open_folder)


def test_a_port_that_is_held_is_the_servers_alone():
    with held_port() as port:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        listen = f"import socket; socket.create_server(('127.0.0.1', {port})); print('listens')"
        server = subprocess.run(
            [sys.executable, "-c", listen], capture_output=True, text=True, check=False
        )
    assert server.stdout == "listens\n", server.stderr


TELLING = """
import subprocess, sys
from spec_to_production.openhands import supervisor
look, start = supervisor._free, subprocess.Popen
supervisor._free = lambda folder: print("look") or look(folder)
subprocess.Popen = lambda *a, **k: print("start") or start(*a, **k)
supervisor.main([sys.argv[1], "true"])
"""


def test_what_is_kept_of_the_disk_is_known_before_the_server_can_use_any(tmp_path):
    command = [sys.executable, "-c", TELLING, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout.read().split()[:2] == [b"look", b"start"]
