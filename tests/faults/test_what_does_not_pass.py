"""Three jobs, two ways to the real agent server: on one of them a fault of one phase stays."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from uuid import UUID

import pytest
from pydantic import SecretStr

from faults.test_between_tool_and_server import DEADLINE_S, PHASES
from spec_to_production.generation import course, remedies
from spec_to_production.openhands import EmbeddedServer, Fleet, RemoteServer, fleet
from spec_to_production.settings import cache_folder
from support.faulty_proxy import LASTING
from support.jobs import TEST, Outcome, record_test, run_jobs

pytestmark = pytest.mark.integration

ALL = os.environ.get("FAULTS") == "all"

ON_ONE_OF_TWO = [
    *((fault, "create") for fault in ("302", "403", "429", "503", "504", "black hole")),
    *((fault, "look") for fault in ("429", "500", "black hole")),
    *((fault, "collect") for fault in ("403", "500")),
    ("500", "delete"),
]
ON_THE_ONLY_ONE = [
    *((fault, "create") for fault in ("302", "429", "503", "black hole")),
    ("500", "look"),
]
REPRESENTATIVE = [("302", "create"), ("500", "look")]
STOPPING = "403"
"""A key that is refused: what is not there yet is not begun anywhere."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for because it may pass takes no longer than needed here."""
    monkeypatch.setattr(fleet, "_SILENT_FOR_S", 1)
    monkeypatch.setattr(remedies, "_FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(course, "_COLLECTED_WITHIN_S", 10)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def spoiled(fault, agent_server, proxy, told) -> RemoteServer:
    """The way through the proxy; what it has to say is in the ``told`` of the test."""
    patience_s = 2 if fault == "black hole" else 60
    return RemoteServer(
        proxy.address, key_of(agent_server), told.append, answer_within_s=patience_s
    )


@pytest.fixture
def direct(agent_server) -> RemoteServer:
    """The other way."""
    return RemoteServer(str(agent_server._client._http.base_url), key_of(agent_server))


def key_of(server: EmbeddedServer) -> SecretStr:
    return SecretStr(server._client._http.headers["X-Session-API-Key"])


def conversations(server: EmbeddedServer) -> list[dict[str, str]]:
    return server._client._http.get("/api/conversations/search").json()["items"]


def run(servers, recorded_model, base, outputs, job_timeout_s) -> Outcome:
    """The jobs, and the end of the run as a workflow brings it about."""
    began = time.monotonic()
    executor = ThreadPoolExecutor(12)
    with closing(Fleet(servers, patience_s=1)) as openhands:
        wait([member.ready for member in openhands._members])
        outcome = run_jobs(
            openhands,
            recorded_model.model,
            base,
            outputs,
            executor=executor,
            job_timeout_s=job_timeout_s,
        )
        executor.shutdown(wait=False, cancel_futures=True)
    return Outcome(outcome.jobs, outcome.problems, outcome.told, time.monotonic() - began)


@pytest.mark.parametrize(("fault", "phase"), ON_ONE_OF_TWO if ALL else REPRESENTATIVE)
def test_a_fault_that_stays_costs_no_job_of_the_other_server(  # noqa: PLR0917 - fixtures
    fault, phase, proxy, spoiled, direct, told, agent_server, recorded_model, base, table
):
    outputs = [record_test(recorded_model) for _ in range(3)]
    proxy.strike(LASTING[fault], PHASES[phase])
    job_timeout_s = 20 if (fault, phase) == ("429", "look") else 60

    outcome = run([spoiled, direct], recorded_model, base, outputs, job_timeout_s)

    table(f"{fault}, stays", f"{phase}, 1 of 2", outcome)
    assert proxy.struck
    assert outcome.seconds < DEADLINE_S
    for job in outcome.jobs:
        assert job.status == "succeeded" or (job.cause and job.message)
        if job.status == "succeeded" or phase == "look":
            assert [file.content for file in job.files] == [TEST]
    if phase == "collect" or (fault, phase) == ("429", "look") or fault == STOPPING:
        assert "succeeded" in outcome.statuses
    else:
        assert outcome.statuses == ["succeeded"] * 3
    if phase == "delete":
        left = [each["id"] for each in conversations(agent_server)]
        assert left
        for conversation in left:
            assert any(conversation in line for line in told)
            agent_server.delete(UUID(conversation))


@pytest.mark.parametrize(("fault", "phase"), ON_THE_ONLY_ONE if ALL else [("429", "create")])
def test_where_no_other_server_is_each_job_ends_in_time_and_says_why(  # noqa: PLR0917 - fixtures
    fault, phase, proxy, spoiled, recorded_model, base, table
):
    outputs = [record_test(recorded_model) for _ in range(3)]
    proxy.strike(LASTING[fault], PHASES[phase])

    outcome = run([spoiled], recorded_model, base, outputs, job_timeout_s=10)

    table(f"{fault}, stays", phase, outcome)
    assert proxy.struck
    assert outcome.seconds < DEADLINE_S
    for job in outcome.jobs:
        assert job.status in {"failed", "skipped", "timed_out"}
        assert job.cause
        assert job.message


@pytest.mark.skipif(not ALL, reason="takes half a minute: make test-faults")
def test_the_loss_of_one_of_two_servers_costs_time_only(
    agent_server, open_folder, recorded_model, base, table
):
    doomed = EmbeddedServer.start(open_folder / "openhands", cache_folder(), print)
    doomed.wait_until_ready()
    (doomed.folder / "home" / "slow").touch()
    # On that server no agent comes to its end.
    before = [{"terminal": '[ ! -e "$HOME/slow" ] || sleep 300'}]
    outputs = [record_test(recorded_model, before=before) for _ in range(4)]
    lost = []

    def kill(_: object) -> None:
        if not lost:
            lost.extend(conversations(doomed))
            os.killpg(doomed._process.pid, signal.SIGKILL)

    servers = [
        RemoteServer(str(each._client._http.base_url), key_of(each))
        for each in (doomed, agent_server)
    ]
    for server in servers:
        server.wait_until_ready()
    with closing(doomed), closing(Fleet(servers, patience_s=1)) as openhands:
        outcome = run_jobs(openhands, recorded_model.model, base, outputs, meanwhile=kill)

    table("SIGKILL, 1 of 2", "server", outcome)
    assert lost
    assert outcome.statuses == ["succeeded"] * 4
    assert all([file.content for file in job.files] == [TEST] for job in outcome.jobs)
