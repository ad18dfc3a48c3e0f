"""Servers of their own: what one loses or leaves is nothing to the others."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from spec_to_production.errors import ServerStartError
from spec_to_production.openhands import SeparateServers
from spec_to_production.openhands.launch import Environment
from spec_to_production.settings import cache_folder

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has users to give"),
]


@pytest.fixture
def servers(open_folder):
    started = SeparateServers.start(open_folder / "openhands", cache_folder(), print)
    yield started
    started.close()


def processes_of(user: int) -> dict[int, str]:
    found = {}
    for process in Path("/proc").iterdir():
        try:
            status = (process / "status").read_text("utf-8", "replace")
            if f"\nUid:\t{user}\t" in status and "\nState:\tZ" not in status:
                found[int(process.name)] = (process / "cmdline").read_bytes().decode()
        except OSError:
            continue
    return found


def user_of(servers: SeparateServers, job) -> int:
    return int(servers._servers[job].folder.name)


def test_a_lost_server_is_lost_to_its_job_alone(servers, on, recorded_model, until):
    jobs = on(servers)
    waiting = recorded_model.record({"terminal": "echo half > half.txt; sleep 300"})
    lost, other = jobs.start(waiting), jobs.start(waiting)
    assert user_of(servers, lost) != user_of(servers, other)
    until(lambda: "half" in servers.patch(lost))

    for pid, command in processes_of(user_of(servers, lost)).items():
        if "zygote" in command:
            os.kill(pid, signal.SIGKILL)
    until(lambda: servers.states([lost])[lost] is None)

    assert "+half" in servers.patch(lost)
    assert not processes_of(user_of(servers, lost))
    until(lambda: jobs.state(other).status == "running")  # a busy machine is late with its look


def test_what_a_job_started_ends_with_it(servers, on, recorded_model, until):
    jobs = on(servers)
    output = recorded_model.record({"terminal": "setsid -f sleep 301"}, {"finish": "done"})
    one, other = jobs.start(output), jobs.start(output)
    user, others = user_of(servers, one), user_of(servers, other)
    jobs.ended(one)
    jobs.ended(other)
    until(lambda: "sleep\x00301\x00" in processes_of(user).values())

    servers.delete(one)

    assert not processes_of(user)
    assert "sleep\x00301\x00" in processes_of(others).values()
    servers.close()
    assert not processes_of(others)
    left = {path.name for path in servers._folder.iterdir()}
    assert left <= {"zygote", "zygote.py", "zygote.log"}


def test_an_environment_without_the_agent_server_is_told_with_its_last_words(open_folder):
    servers = SeparateServers(open_folder / "openhands", lambda _: Environment(Path("/bin/true")))
    try:
        with pytest.raises(ServerStartError, match="could not be loaded"):
            servers.wait_until_ready()
    finally:
        servers.close()


def test_a_server_that_fails_as_it_starts_says_why(open_folder):
    # Our own Python: it takes orders, but has no agent server to run.
    python = Environment(Path(sys.executable))
    servers = SeparateServers(open_folder / "openhands", lambda _: python)
    try:
        with pytest.raises(ServerStartError, match="No module named 'openhands'"):
            servers.wait_until_ready()
    finally:
        servers.close()
