"""Jobs in a rented sandbox, while what is asked of the Cloud itself is spoiled."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from integration.openhands.conftest import reached_at
from spec_to_production.openhands import CloudServer, Fleet
from spec_to_production.openhands.rentals import Rentals
from support.cloud import KEY, cloud
from support.faulty_proxy import FAULTS, faulty_proxy, rewritten
from support.jobs import TEST, record_test, run_jobs

__all__ = ["reached_at"]

pytestmark = pytest.mark.integration

PHASES = {
    "rent": r"^POST /api/v1/sandboxes",
    "watch": r"^GET /api/v1/sandboxes",
    "give back": r"^DELETE /api/v1/sandboxes",
}
CLOUD_FAULTS = {
    name: fault
    for name, fault in FAULTS.items()
    if name not in {"unknown status", "idle", "full disk", "reordered"}
} | {
    "unknown status": rewritten(
        lambda body: re.sub(rb'"status": ?"\w+"', b'"status": "MUSING"', body)
    )
}
"""Without those that only an agent server's answers have."""

REFUSALS = {"401", "404", "409", "422"}
NEVER_TOLD = {"lost reply", "reset in body", "twice", "truncated", "HTML", "wrong types"}
"""The Cloud may have rented a sandbox out, and its name did not arrive."""

CASES = [(fault, phase) for phase in PHASES for fault in CLOUD_FAULTS]
REPRESENTATIVE = [("lost reply", "rent"), ("500", "watch"), ("refused", "give back")]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch) -> None:
    monkeypatch.setattr(CloudServer.__module__ + "._LOOK_AGAIN_S", 0.05)


@pytest.mark.parametrize(
    ("fault", "phase"), CASES if os.environ.get("FAULTS") == "all" else REPRESENTATIVE
)
def test_a_fault_of_the_cloud_is_told_and_no_sandbox_is_forgotten(  # noqa: PLR0917 - fixtures
    fault, phase, reached_at, recorded_model, base, table, tmp_path
):
    told: list[str] = []
    with cloud(reached_at) as stand_in, faulty_proxy(*address(stand_in.url)) as proxy:
        stand_in.course = ("STARTING", "RUNNING")
        proxy.strike(CLOUD_FAULTS[fault], PHASES[phase], times=1)
        rentals = Rentals(tmp_path / "sandboxes")
        server = CloudServer(
            SecretStr(KEY), told.append, rentals, address=proxy.address, answer_within_s=3
        )
        fleet = Fleet([server])
        outcome = run_jobs(
            fleet, recorded_model.model, base, [record_test(recorded_model) for _ in range(2)]
        )
        fleet.close()

        table(fault, f"Cloud: {phase}", outcome)
        assert proxy.struck
        for job in outcome.jobs:
            if job.status == "succeeded":
                assert [file.content for file in job.files] == [TEST]
            else:
                assert job.cause
                assert job.message
        if phase == "give back" or (phase == "watch" and fault not in REFUSALS):
            assert outcome.statuses == ["succeeded"] * 2
        left = set(stand_in.sandboxes)
        if phase == "rent" and fault in NEVER_TOLD:
            assert len(left) <= 1
            if left and "succeeded" not in outcome.statuses:
                assert "does not know of" in outcome.jobs[0].message
        else:
            # Of a deletion that was answered with 404 the Cloud itself said that it is done.
            known = later_runs(tmp_path / "sandboxes")
            assert left <= known or (fault, phase) == ("404", "give back")
            assert all(any(sandbox in line for line in told) for sandbox in known)


def later_runs(folder: Path) -> set[str]:
    """The sandboxes that the next run would delete."""
    rentals = Rentals(folder)
    left = rentals.left()
    for sandbox in left:
        rentals.leave(sandbox)
    return set(left)


def address(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").rsplit(":", 1)
    return host, int(port)
