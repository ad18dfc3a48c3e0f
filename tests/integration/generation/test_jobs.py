"""What becomes of jobs on the real agent server when the model, the server or the purse fails."""

from __future__ import annotations

import itertools
import os
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from spec_to_production import gateway
from spec_to_production.gateway import Gateway, find_provider
from spec_to_production.generation.budget import Budget
from spec_to_production.openhands import EmbeddedServer, Fleet, RemoteServer, embedded
from spec_to_production.openhands.interface import Model
from spec_to_production.settings import cache_folder
from support.jobs import TEST, record_test, run_jobs

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("status", [429, 500])
def test_a_model_that_was_limited_for_a_while_costs_time_only(
    agent_server, recorded_model, base, status
):
    # The server joins messages that follow each other: a step between tells the second apart.
    steps = [{"terminal": "true"}, {"error": status}, {"on_message": 2}]
    limited = record_test(recorded_model, before=steps)
    outputs = [limited, record_test(recorded_model)]

    outcome = run_jobs(agent_server, recorded_model.model, base, outputs)

    assert outcome.statuses == ["succeeded"] * 2
    assert [job.attempts for job in outcome.jobs] == [1, 0]
    assert [file.content for file in outcome.jobs[0].files] == [TEST]


def test_out_of_quota_the_next_model_is_used(agent_server, recorded_model, base, httpserver):
    said = {"message": "You exceeded your current quota.", "code": "insufficient_quota"}
    httpserver.expect_request("/v1/chat/completions").respond_with_json({"error": said}, status=429)
    empty = replace(recorded_model.model, name="openai/empty", base_url=httpserver.url_for("/v1"))

    outcome = run_jobs(
        agent_server,
        empty,
        base,
        [record_test(recorded_model)],
        fallbacks=(recorded_model.model,),
    )

    assert outcome.statuses == ["succeeded"]
    assert outcome.jobs[0].attempts == 0


def test_what_the_gateway_refuses_ends_the_jobs_by_the_budget(agent_server, recorded_model, base):
    provider = find_provider("openai/recorded-test", recorded_model.base_url)
    with closing(Gateway(provider, SecretStr("key"), gateway.Purse(requests=1))) as limited:
        model = replace(recorded_model.model, api_key=limited.key, base_url=limited.address)
        outputs = [record_test(recorded_model), record_test(recorded_model)]

        outcome = run_jobs(agent_server, model, base, outputs, max_parallel=1)

    assert [(job.status, job.cause) for job in outcome.jobs] == [
        ("cancelled", "budget"),
        ("skipped", "budget"),
    ]
    assert outcome.problems[0].message.startswith("stopped: budget after 0/2 requirements")


def test_a_model_that_is_not_where_it_is_said_to_be_stops_the_run(
    agent_server, recorded_model, base
):
    nowhere = find_provider("openai/recorded-test", "http://127.0.0.1:1/v1")
    minutes = itertools.count(step=60)
    with closing(
        Gateway(nowhere, SecretStr("key"), gateway.Purse(), clock=lambda: next(minutes))
    ) as away:
        model = replace(recorded_model.model, api_key=away.key, base_url=away.address)

        outcome = run_jobs(agent_server, model, base, ["tests/test_a.py"])

    (job,) = outcome.jobs
    assert (job.status, job.cause, job.attempts) == ("failed", "configuration", 0)
    assert job.message == (
        "Check llm-model and llm-base-url. The model did not answer: "
        "127.0.0.1:1 cannot be reached: connection refused."
    )


def test_a_key_that_is_refused_stops_the_jobs_that_wait(agent_server, recorded_model, base):
    refused = record_test(recorded_model, before=[{"error": 401}])
    outputs = [refused, record_test(recorded_model), record_test(recorded_model)]

    outcome = run_jobs(agent_server, recorded_model.model, base, outputs, max_parallel=1)

    assert outcome.statuses == ["failed", "skipped", "skipped"]
    assert {job.cause for job in outcome.jobs} == {"auth"}
    assert "Check llm-api-key" in outcome.jobs[1].message


def test_a_session_key_that_is_refused_stops_the_jobs_that_wait(agent_server, base):
    address = str(agent_server._client._http.base_url)
    with closing(Fleet([RemoteServer(address, SecretStr("of another server"))])) as fleet:
        outcome = run_jobs(fleet, Model("m"), base, ["a", "b", "c"], max_parallel=1)

    assert outcome.statuses == ["failed", "skipped", "skipped"]
    assert {job.cause for job in outcome.jobs} == {"auth"}
    assert all("check openhands-api-key" in job.message for job in outcome.jobs)


def test_tokens_used_up_stop_the_run_and_keep_what_is_there(agent_server, recorded_model, base):
    busy = record_test(recorded_model, then="message")
    steps = recorded_model.folder / f"{Path(busy).stem}.json"
    waits = '{"terminal": "true"}, {"terminal": "sleep 300"}'
    steps.write_text(steps.read_text().replace('{"message": "done"}', waits))
    whole = run_jobs(agent_server, recorded_model.model, base, [record_test(recorded_model)])
    used = whole.jobs[0].usage.prompt_tokens  # by two answers, of which the first brings the file
    judged = []

    outcome = run_jobs(
        agent_server,
        recorded_model.model,
        base,
        [busy, record_test(recorded_model)],
        max_parallel=1,
        budget=Budget(tokens=used * 3 // 4),
        judge=lambda files: judged.extend(files) or (),
    )

    assert [(job.status, job.cause) for job in outcome.jobs] == [
        ("cancelled", "budget"),
        ("skipped", "budget"),
    ]
    assert outcome.problems[0].message.startswith("stopped: budget after 0/2 requirements")
    assert [file.content for file in judged] == [TEST]


def test_a_killed_server_is_replaced_and_its_jobs_begin_anew(open_folder, recorded_model, base):
    def start(name: str) -> EmbeddedServer:
        return EmbeddedServer.start(open_folder / name, cache_folder(), lambda _: None)

    first = start("first")
    fleet = Fleet([first], spare=lambda: start("second"), patience_s=0)
    wait = [{"terminal": "case $HOME in */first/*) sleep 300;; esac"}]
    outputs = [record_test(recorded_model, before=steps) for steps in ([], wait, wait)]

    def kill_server(_: object) -> None:
        if first._process.poll() is None:
            os.killpg(first._process.pid, signal.SIGKILL)

    try:
        outcome = run_jobs(fleet, recorded_model.model, base, outputs, meanwhile=kill_server)
    finally:
        fleet.close()

    assert outcome.statuses == ["succeeded"] * 3
    assert sum(job.attempts for job in outcome.jobs) >= 1
    assert all([file.content for file in job.files] == [TEST] for job in outcome.jobs)


@pytest.mark.parametrize(
    ("count", "room"), [(64, 10)] if os.environ.get("FAULTS") == "all" else [(16, 4)]
)
def test_a_full_server_is_waited_for(  # noqa: PLR0917 - fixtures
    count, room, open_folder, recorded_model, base, monkeypatch
):
    monkeypatch.setattr(embedded, "_MOST_RUNS", room)
    server = EmbeddedServer.start(open_folder / "openhands", cache_folder(), lambda _: None)
    fleet = Fleet([server], patience_s=0)
    outputs = [record_test(recorded_model) for _ in range(count)]
    try:
        outcome = run_jobs(fleet, recorded_model.model, base, outputs, max_parallel=count)
    finally:
        fleet.close()

    assert outcome.statuses == ["succeeded"] * count
    assert {job.attempts for job in outcome.jobs} == {0}
