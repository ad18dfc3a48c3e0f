"""Three jobs on the real agent server, through a proxy that spoils a few requests of one phase."""

from __future__ import annotations

import os
from uuid import UUID

import pytest
from pydantic import SecretStr

from spec_to_production.openhands import Fleet, RemoteServer
from support.faulty_proxy import FAULTS
from support.jobs import TEST, record_test, run_jobs

pytestmark = pytest.mark.integration

PHASES = {
    "ready": r"^GET /ready",
    "upload": r"^POST /api/file/upload",
    "command": r"^POST /api/bash",
    "create": r"^POST /api/conversations ",
    "look": r"^GET /api/conversations\?",
    "message": r"^POST /api/conversations/[^/]+/(events|run)",
    "collect": r"^GET /api/file/download",
    "delete": r"^(DELETE /api/conversations|POST /api/conversations/[^/]+/interrupt)",
}
REFUSALS = {"401", "404", "409", "422"}
"""Answers that mean what they say: they are not asked again, and cost the job that got them."""

DEADLINE_S = 120
"""What the jobs of these tests are given, and so the latest end of a run."""

CASES = [(fault, phase) for phase in PHASES for fault in FAULTS]
REPRESENTATIVE = [
    ("401", "command"),
    ("lost reply", "create"),
    ("422", "create"),
    ("429", "create"),
    ("500", "look"),
    ("unknown status", "look"),
    ("refused", "message"),
    ("truncated", "collect"),
]
"""What has cost most: each was a fault of ours, or is the likeliest of its phase."""


@pytest.mark.parametrize(
    ("fault", "phase"), CASES if os.environ.get("FAULTS") == "all" else REPRESENTATIVE
)
def test_a_fault_costs_no_other_job_and_leaves_nothing(  # noqa: PLR0917 - fixtures
    fault, phase, proxy, agent_server, recorded_model, base, table
):
    before = [{"message": "Done?"}, {"on_message": 2}] if phase == "message" else []
    outputs = [record_test(recorded_model, before=before) for _ in range(3)]
    key = SecretStr(agent_server._client._http.headers["X-Session-API-Key"])
    proxy.strike(FAULTS[fault], PHASES[phase], times=2)
    fleet = Fleet([RemoteServer(proxy.address, key, answer_within_s=3)])

    outcome = run_jobs(fleet, recorded_model.model, base, outputs, job_timeout_s=DEADLINE_S)
    fleet.close()

    table(fault, phase, outcome)
    assert proxy.struck
    assert outcome.seconds < DEADLINE_S
    if fault != "refused":  # a server that took no connection may have lost what it had
        assert len(proxy.created) <= len(outputs)
    for job in outcome.jobs:
        if job.status == "succeeded":
            assert [file.content for file in job.files] == [TEST]
        else:
            assert job.cause
            assert job.message
    if fault not in REFUSALS or phase in {"ready", "delete"}:
        assert outcome.statuses == ["succeeded"] * 3
    else:
        assert outcome.statuses.count("succeeded") >= 1
    if phase == "collect":
        assert not any(job.nudges for job in outcome.jobs)
    if (fault, phase) == ("404", "delete"):
        # The server said that it has not what it has: who could know better?
        for job in outcome.jobs:
            agent_server.delete(UUID(job.conversation_id))
