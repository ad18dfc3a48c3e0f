from __future__ import annotations

import json
import uuid
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from spec_to_production.errors import ApiError
from spec_to_production.openhands import protocol
from spec_to_production.openhands.interface import Assignment, ExecutionStatus, Model
from spec_to_production.openhands.models import Conversations, Events, ServerInfo
from spec_to_production.results import Usage

JOB = uuid.UUID(int=7)
MODEL = Model("openai/x", SecretStr("k"), "http://127.0.0.1:1/v1")


def created(prompt: str = "Work in {{WORKING_DIR}}.") -> dict:
    request = protocol.create(Assignment(JOB, prompt, MODEL, 12), "/copies/7")
    assert request.json is not None
    return dict(request.json)


def test_a_conversation_is_created_under_our_own_id_in_its_own_folder():
    body = created()
    assert body["conversation_id"] == str(JOB)
    assert body["workspace"] == {"working_dir": "/copies/7"}
    assert body["max_iterations"] == 12
    assert body["initial_message"]["content"] == [{"type": "text", "text": "Work in /copies/7."}]


def test_the_model_is_passed_on_as_given():
    llm = created()["agent"]["llm"]
    assert (llm["model"], llm["api_key"], llm["base_url"]) == ("openai/x", "k", MODEL.base_url)


def test_only_a_message_must_not_be_sent_twice():
    repeatable = [
        protocol.create(Assignment(JOB, "", MODEL, 1), "/"),
        protocol.look([JOB]),
        protocol.run(JOB),
        protocol.interrupt(JOB),
        protocol.delete(JOB),
        protocol.newest_events(JOB),
    ]
    assert all(request.repeatable for request in repeatable)
    assert not protocol.message(JOB, "go on").repeatable


def conversation(**more) -> bytes:
    return json.dumps([{"id": str(JOB), "a_new_field": {"x": 1}, **more}, None]).encode()


def test_a_look_takes_status_and_usage_and_ignores_the_rest():
    metrics = {"accumulated_cost": 0.25, "accumulated_token_usage": {"prompt_tokens": 3}}
    body = conversation(
        execution_status="running",
        stats={"usage_to_metrics": {"agent": metrics, "condenser": metrics}},
    )
    found, missing = protocol.decipher(protocol.look([JOB]), 200, body, Conversations).root
    assert missing is None
    assert found is not None
    assert found.execution_status == "running"
    assert found.stats is not None
    assert found.stats.usage == Usage(prompt_tokens=6, cost_usd=0.5)


@given(st.text())
def test_any_status_is_taken_and_a_new_one_is_unknown(status):
    body = conversation(execution_status=status)
    found = protocol.decipher(protocol.look([JOB]), 200, body, Conversations).root[0]
    assert found is not None
    assert found.execution_status == (status if status in get_args(ExecutionStatus) else "unknown")


@given(st.binary(), st.integers(200, 599))
def test_whatever_a_server_sends_is_an_answer_or_an_api_error(body, status):
    refused = None
    try:
        protocol.decipher(protocol.server_info(), status, body, ServerInfo)
    except ApiError as error:
        refused = error
    assert refused is None or (refused.status == status and len(refused.detail) <= 502)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"detail":"Not Found"}', "Not Found"),
        (b'{"detail":"Internal Server Error","exception":"disk full"}', "disk full"),
        (b"<html>\n  bad gateway</html>", "<html> bad gateway</html>"),
        (b"[" * 100_000, f"{'[' * 500} …"),
    ],
)
def test_a_refusal_is_told_in_the_servers_own_words(body, detail):
    with pytest.raises(ApiError, match="GET /server_info") as caught:
        protocol.decipher(protocol.server_info(), 500, body, ServerInfo)
    assert caught.value.detail == detail


def error_event(code: str, kind: str | None, name: str = "ConversationErrorEvent") -> dict:
    event = {"kind": name, "code": code, "detail": "what happened"}
    return event | ({"classification": {"kind": kind}} if kind else {})


@pytest.mark.parametrize(
    ("code", "kind", "cause"),
    [
        ("LLMAuthenticationError", "auth", "auth"),
        ("LLMRateLimitError", "quota", "quota"),
        ("LLMRateLimitError", None, "rate_limit"),
        ("LLMServiceUnavailableError", "transient", "transient"),
        ("LLMBadRequestError", "config", "configuration"),
        ("MaxIterationsReached", "agent_action", "max_iterations"),
        ("SomethingNew", "a new kind", "unknown"),
        ("SomethingNew", None, "unknown"),
    ],
)
def test_a_failure_is_sorted_by_its_class_or_by_its_code(code, kind, cause):
    for name in ("ConversationErrorEvent", "openhands.sdk.event.x.ConversationErrorEvent"):
        events = {"items": [{"kind": "MessageEvent"}, error_event(code, kind, name)]}
        page = Events.model_validate(events)
        failure = protocol.why_failed(page.items)
        assert failure.cause == cause
        assert failure.message == f"{code}: what happened"


@pytest.mark.parametrize(
    ("code", "kind", "detail", "cause"),
    [
        (
            "LLMRateLimitError",
            "rate_limit",
            "OpenAIException - You exceeded your current quota, please check your plan.",
            "quota",
        ),
        ("LLMRateLimitError", None, "Error code: 429 - {'code': 'insufficient_quota'}", "quota"),
        (
            "LLMBadRequestError",
            "config",
            "AnthropicException - Your credit balance is too low to access the API.",
            "quota",
        ),
        ("APIError", None, "This request requires more credits, or fewer max_tokens.", "quota"),
        (
            "LLMRateLimitError",
            "rate_limit",
            "You exceeded your current quota. Limit: 10 a minute. Please retry in 34.07s.",
            "rate_limit",
        ),
        (
            "LLMRateLimitError",
            "rate_limit",
            "OpenAIException - The budget of this run for the model is spent.",
            "budget",
        ),
    ],
)
def test_an_empty_purse_is_none_of_the_classes_that_a_server_gives_it(code, kind, detail, cause):
    event = {**error_event(code, kind), "detail": detail}
    page = Events.model_validate({"items": [event]})
    assert protocol.why_failed(page.items).cause == cause


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("litellm.BadGatewayError: BadGatewayError: OpenAIException - no {one}.", "no {one}."),
        (
            'litellm.APIError: AnthropicException APIError - {"error": {"message": "no one."}}',
            "no one.",
        ),
        ('litellm.APIError: OpenrouterException - {"error": "no"}', '{"error": "no"}'),
    ],
)
def test_a_provider_that_refused_is_told_in_its_own_words(detail, told):
    event = {**error_event("LLMServiceUnavailableError", "transient"), "detail": detail}
    page = Events.model_validate({"items": [event]})
    assert protocol.why_failed(page.items).message == f"The model did not answer: {told}"


def test_the_newest_error_counts():
    events = [error_event("MaxIterationsReached", None), error_event("LLMRateLimitError", None)]
    assert protocol.why_failed(Events.model_validate({"items": events}).items).cause == (
        "max_iterations"
    )


def test_a_restart_of_the_server_is_no_fault_of_the_job():
    event = {"kind": "AgentErrorEvent", "error": "A restart occurred while this tool ran."}
    page = Events.model_validate({"items": [event]})
    assert protocol.why_failed(page.items).cause == "server_lost"


def test_no_reason_is_said_to_be_none():
    assert protocol.why_failed([]).cause == "unknown"
