"""Three jobs on the real agent server, whose model is spoiled, or does what no model should."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from spec_to_production.openhands.interface import Model
from support.faulty_proxy import FAULTS, FaultyProxy, faulty_proxy
from support.jobs import record_test, run_jobs

pytestmark = pytest.mark.integration

OF_THE_SERVER = {"unknown status", "idle"}
SPOILED = [fault for fault in FAULTS if fault not in OF_THE_SERVER]
REPRESENTATIVE = ["500", "reset"]


@pytest.fixture
def proxy(recorded_model) -> Iterator[FaultyProxy]:
    url = urlsplit(recorded_model.base_url)
    with faulty_proxy(url.hostname, url.port) as proxy:
        yield proxy


@pytest.mark.parametrize("fault", SPOILED if os.environ.get("FAULTS") == "all" else REPRESENTATIVE)
def test_a_spoiled_model_costs_the_job_that_met_it_at_most(  # noqa: PLR0917 - fixtures
    fault, proxy, agent_server, recorded_model, base, table
):
    outputs = [record_test(recorded_model) for _ in range(3)]
    model = Model(
        recorded_model.model.name, recorded_model.model.api_key, f"{proxy.address}/v1", retries=0
    )
    proxy.strike(FAULTS[fault], "^POST /v1/chat/completions", times=1)

    job_timeout_s = 20 if fault == "black hole" else 120
    outcome = run_jobs(agent_server, model, base, outputs, job_timeout_s=job_timeout_s)

    table(fault, "model", outcome)
    assert proxy.struck
    assert outcome.statuses.count("succeeded") >= 2
    for job in outcome.jobs:
        assert job.status == "succeeded" or (job.cause and job.message)
