"""Three jobs on the real agent server; something is done to one of them, the others are whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from spec_to_production.generation import course
from spec_to_production.generation.journal import Journal
from spec_to_production.openhands import EmbeddedServer, Fleet, RemoteServer, embedded
from spec_to_production.settings import cache_folder
from support.faulty_proxy import asked_otherwise
from support.jobs import TEST, record_test, run_jobs, wait_once

pytestmark = pytest.mark.integration

COMMIT = "git add -A && git -c user.name=a -c user.email=a@b commit -qm mine"
ALL = os.environ.get("FAULTS") == "all"


def of(behaviours: dict) -> list:
    """All of them, or the first."""
    return list(behaviours.items())[: None if ALL else 1]


BEFORE = {
    "deletes .git": ([{"terminal": "rm -rf .git"}], "succeeded", None),
    "commits": ([{"terminal": COMMIT}], "succeeded", None),
    "other branch": ([{"terminal": f"git checkout -qb x && {COMMIT}"}], "succeeded", None),
    "writes outside": ([{"terminal": "echo x > ../outside; true"}], "succeeded", None),
    "loops": ([{"loop": "echo again"}], "failed", "stuck"),
    "only talks": (
        [{"message": "No."}, {"on_message": 2}, {"message": "No."}],
        "failed",
        "no_work",
    ),
    "never ends": ([{"terminal": f"echo {n}"} for n in range(30)], "failed", "max_iterations"),
    "kills its shell": ([{"terminal": "kill -9 $$"}], "succeeded", None),
}


@pytest.mark.parametrize(("name", "case"), of(BEFORE))
def test_a_model_that_misbehaves_costs_its_own_job_at_most(  # noqa: PLR0917 - fixtures
    name, case, agent_server, recorded_model, base, table
):
    before, status, cause = case
    outputs = [record_test(recorded_model, before=steps) for steps in (before, [], [])]

    outcome = run_jobs(agent_server, recorded_model.model, base, outputs)

    table(name, "agent", outcome)
    first, *others = outcome.jobs
    assert (first.status, first.cause) == (status, cause)
    assert all([file.content for file in job.files] == [TEST] for job in others)
    if status == "succeeded":
        assert [file.content for file in first.files] == [TEST]


def test_an_agent_that_deletes_everything_has_no_work(agent_server, recorded_model, base, table):
    outputs = [record_test(recorded_model) for _ in range(3)]
    steps = recorded_model.folder / f"{Path(outputs[0]).stem}.json"
    steps.write_text(json.dumps([{"terminal": "rm -rf $PWD"}, {"finish": "gone"}]))

    outcome = run_jobs(agent_server, recorded_model.model, base, outputs)

    table("deletes all", "agent", outcome)
    assert outcome.statuses == ["failed", "succeeded", "succeeded"]
    assert outcome.jobs[0].message


@pytest.mark.parametrize("word", ["paused", "deleted"] if ALL else ["paused"])
def test_a_conversation_that_somebody_ended_is_told_as_such(
    word, agent_server, recorded_model, base, table
):
    outputs = [record_test(recorded_model, before=steps) for steps in ([wait_once()], [], [])]
    http = agent_server._client._http
    done = threading.Event()
    begun = {}

    class Noted(Journal):
        def began(self, task, conversation):
            begun[task.output_path] = conversation

    def meddle(_: object) -> None:
        if done.is_set():
            return
        done.set()
        running = begun[outputs[0]]
        http.post(f"/api/conversations/{running}/interrupt")
        if word == "deleted":
            http.delete(f"/api/conversations/{running}")

    outcome = run_jobs(
        agent_server, recorded_model.model, base, outputs, meanwhile=meddle, journal=Noted()
    )

    table(word, "operator", outcome)
    assert done.is_set()
    assert outcome.statuses[1:] == ["succeeded"] * 2
    if word == "paused":
        assert "is unexpectedly paused" in outcome.jobs[0].message
    else:
        assert outcome.statuses[0] == "succeeded"


def without_message(body: bytes) -> bytes:
    asked = json.loads(body)
    del asked["initial_message"]
    return json.dumps(asked).encode()


CHANGES = {
    "waits for a yes": lambda body: body.replace(b"NeverConfirm", b"AlwaysConfirm"),
    "sits idle": without_message,
}


@pytest.mark.parametrize(("name", "change"), of(CHANGES))
def test_a_conversation_that_does_not_go_on_ends_all_the_same(  # noqa: PLR0917 - fixtures
    name, change, proxy, agent_server, recorded_model, base, table, monkeypatch
):
    monkeypatch.setattr(course, "_BEGINS_WITHIN_S", 2)
    outputs = [record_test(recorded_model) for _ in range(3)]
    key = SecretStr(agent_server._client._http.headers["X-Session-API-Key"])
    proxy.strike(asked_otherwise(change), "^POST /api/conversations ", times=1)
    fleet = Fleet([RemoteServer(proxy.address, key)])

    outcome = run_jobs(fleet, recorded_model.model, base, outputs)
    fleet.close()

    table(name, "create", outcome)
    assert proxy.struck == 1
    if name == "sits idle":
        assert outcome.statuses == ["succeeded"] * 3
        assert sum(job.attempts for job in outcome.jobs) == 1
    else:
        assert sorted(outcome.statuses) == ["failed", "succeeded", "succeeded"]
        assert any("waiting_for_confirmation" in job.message for job in outcome.jobs)


@pytest.mark.skipif(not ALL, reason="takes a minute: make test-faults")
def test_a_remote_server_that_is_killed_and_restarted_costs_time_only(
    open_folder, recorded_model, base, table, monkeypatch
):
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            started.append((args, kwargs))
            super().__init__(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(embedded.subprocess, "Popen", Recorded)
        server = EmbeddedServer.start(open_folder / "openhands", cache_folder(), print)
        server.wait_until_ready()
    args, kwargs = next(each for each in started if "openhands.agent_server" in each[0][0])
    http = server._client._http
    key = SecretStr(http.headers["X-Session-API-Key"])
    wait = [{"terminal": "sleep 5"}]
    outputs = [record_test(recorded_model, before=steps) for steps in ([], wait, wait)]
    restarted = threading.Event()

    def restart(_: object) -> None:
        if restarted.is_set():
            return
        restarted.set()
        os.killpg(server._process.pid, signal.SIGKILL)
        server._process.communicate()
        with server.log.open("ab") as log:
            again = subprocess.Popen(*args, **{**kwargs, "stdin": subprocess.PIPE, "stdout": log})
        server._process = again

    fleet = Fleet([RemoteServer(str(http.base_url), key)])
    try:
        outcome = run_jobs(fleet, recorded_model.model, base, outputs, meanwhile=restart)
        fleet.close()
        left = [UUID(job.conversation_id) for job in outcome.jobs]
        states = server.states(left)
    finally:
        fleet.close()
        server.close()

    table("SIGKILL, restart", "server", outcome)
    assert restarted.is_set()
    assert outcome.statuses == ["succeeded"] * 3
    assert all([file.content for file in job.files] == [TEST] for job in outcome.jobs)
    assert set(states.values()) <= {None}
