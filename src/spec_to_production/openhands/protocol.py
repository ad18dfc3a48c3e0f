"""The agent server's protocol without its transport: requests are built, answers deciphered.

Paths and bodies are those of the public REST API of openhands-agent-server 1.34 to 1.58.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from spec_to_production.errors import ApiError
from spec_to_production.openhands.interface import WORKING_DIR, Assignment, Failure, Model
from spec_to_production.openhands.models import Event
from spec_to_production.results import FailureCause

MOST_IDS = 99
"""How many conversations one request may ask for."""

_DETAIL_LENGTH = 500
_CONVERSATIONS = "/api/conversations"

# How LiteLLM tells of an answer: "litellm.APIError: APIError: OpenrouterException - …".
_ANSWERED = re.compile(r"litellm\.\w+: (\w+: )?\w+Exception (\w+ )?- ")

A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True)
class Request:
    """A request to be sent.

    Attributes:
        file: Content to be sent as a form's field ``file``.
        repeatable: Whether sending it again does no harm when the answer was lost.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    query: Mapping[str, str | Sequence[str]] | None = None
    json: Mapping[str, Any] | None = None
    file: bytes | None = None
    repeatable: bool = True


def ready() -> Request:
    """Whether conversations can be created: 200 when so, 503 before."""
    return Request("GET", "/ready")


def server_info() -> Request:
    """The server's version."""
    return Request("GET", "/server_info")


def create(assignment: Assignment, working_dir: str) -> Request:
    """Create a conversation and start it at once.

    It may be repeated: a known ``conversation_id`` is answered with what is there.
    """
    return Request(
        "POST",
        _CONVERSATIONS,
        json={
            "conversation_id": str(assignment.conversation_id),
            "agent": {
                "kind": "Agent",
                "llm": _llm(assignment.model),
                "tools": [{"name": "terminal"}, {"name": "file_editor"}],
            },
            "workspace": {"working_dir": working_dir},
            "initial_message": _user_message(assignment.prompt.replace(WORKING_DIR, working_dir)),
            "max_iterations": assignment.max_iterations,
            "stuck_detection": True,
            "autotitle": False,
            "confirmation_policy": {"kind": "NeverConfirm"},
        },
    )


def look(conversations: Sequence[UUID]) -> Request:
    """The state of up to :data:`MOST_IDS` conversations."""
    return Request("GET", _CONVERSATIONS, query={"ids": [str(each) for each in conversations]})


def message(conversation: UUID, text: str) -> Request:
    """Add a message without running. The server keeps each one that arrives."""
    return Request("POST", _of(conversation, "events"), json=_user_message(text), repeatable=False)


def run(conversation: UUID) -> Request:
    """Let the agent go on; 409 when it already runs."""
    return Request("POST", _of(conversation, "run"))


def interrupt(conversation: UUID) -> Request:
    """Stop a run together with its command and its model call."""
    return Request("POST", _of(conversation, "interrupt"))


def delete(conversation: UUID) -> Request:
    """Forget a conversation. The server waits for a running command: interrupt first."""
    return Request("DELETE", f"{_CONVERSATIONS}/{conversation}")


def newest_events(conversation: UUID) -> Request:
    """The last hundred events, newest first; the server's own filter differs by version."""
    query = {"limit": "100", "sort_order": "TIMESTAMP_DESC"}
    return Request("GET", _of(conversation, "events/search"), query=query)


def events(conversation: UUID, page: str | None) -> Request:
    """A page of all events, the oldest first; the first page has no name."""
    query = {"limit": "100", "sort_order": "TIMESTAMP"} | ({"page_id": page} if page else {})
    return Request("GET", _of(conversation, "events/search"), query=query)


def upload(path: str, content: bytes) -> Request:
    """Write a file on the server's machine."""
    return Request("POST", "/api/file/upload", query={"path": path}, file=content)


def download(path: str) -> Request:
    """Read a file on the server's machine."""
    return Request("GET", "/api/file/download", query={"path": path})


def execute(command: str, timeout_s: int) -> Request:
    """Run a command line of the shell on the server's machine, and wait for its end.

    The server knows no argument lists; whoever builds the line quotes it.
    """
    body = {"command": command, "timeout": timeout_s}
    return Request("POST", "/api/bash/execute_bash_command", json=body)


def file(request: Request, digest: str, status: int, body: bytes) -> bytes:
    """The answer as the content of a file, whose SHA-256 digest is known in hexadecimal.

    Raises:
        ApiError: The status is an error, or the file did not arrive whole.
    """
    arrived = _content(request, status, body)
    if hashlib.sha256(arrived).hexdigest() != digest:
        raise ApiError(
            f"The agent server's answer to {request.method} {request.path} is not the whole file.",
            status=status,
            detail=f"{len(arrived)} bytes arrived",
            hint="A proxy on the way to the agent server may shorten its answers.",
        )
    return arrived


def decipher(request: Request, status: int, body: bytes, expected: type[A]) -> A:
    """The answer as a value.

    Raises:
        ApiError: The status is an error, or the body is not what was expected.
    """
    try:
        return expected.model_validate_json(_content(request, status, body))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise ApiError(
            f"The agent server's answer to {request.method} {request.path} is not understood: "
            f"{problem}",
            status=status,
            detail=_shorten(body.decode("utf-8", "replace")),
            hint="Does the address lead to an OpenHands agent server (1.34 or newer)?",
        ) from error


def was_said(newest_first: Sequence[Event], text: str) -> bool:
    """Whether the user's last message is this one."""
    said = (event.llm_message for event in newest_first if event.llm_message)
    last = next((message for message in said if message.role == "user"), None)
    return last is not None and [part.text for part in last.content] == [text]


def why_failed(newest_first: Sequence[Event]) -> Failure:
    """The cause of a failed run, from its events."""
    for event in newest_first:
        # Old servers give the class with its module.
        kind = event.kind.rpartition(".")[2]
        if kind == "ConversationErrorEvent":
            return Failure(_cause(event), _shorten(_told(event)))
        if kind == "AgentErrorEvent" and "restart occurred" in (event.error or ""):
            return Failure("server_lost", "The agent server restarted while the job was running.")
    return Failure("unknown", "The agent server gave no reason.")


def _content(request: Request, status: int, body: bytes) -> bytes:
    if status < 400:  # noqa: PLR2004
        return body
    asked, detail = f"{request.method} {request.path}", _detail(body)
    raise ApiError(
        f"The agent server answered {asked} with {status}: {detail}",
        status=status,
        detail=detail,
        hint=_HINTS.get(status, ""),
    )


def _told(event: Event) -> str:
    """What an error says; of one in the provider's answer the provider's own words."""
    detail = event.detail or "no detail given"
    wrapped = _ANSWERED.match(detail)
    if wrapped is None:
        return f"{event.code or 'Error'}: {detail}"
    said = detail[wrapped.end() :]
    try:
        return f"The model did not answer: {json.loads(said)['error']['message']}"
    except (ValueError, RecursionError, LookupError, TypeError):
        return f"The model did not answer: {said}"


def _cause(event: Event) -> FailureCause:
    said = (event.detail or "").lower()
    if by_words := next((cause for words, cause in _BY_WORDS.items() if words in said), None):
        return by_words
    by_code = _BY_CODE.get(event.code or "")
    by_kind = _BY_KIND.get(event.classification.kind or "") if event.classification else None
    return by_kind or by_code or "unknown"


def _llm(model: Model) -> Mapping[str, Any]:
    return {
        "usage_id": "agent",
        "model": model.name,
        "api_key": model.api_key.get_secret_value() if model.api_key else None,
        "base_url": model.base_url,
        "num_retries": model.retries,
    }


def _user_message(text: str) -> Mapping[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def _of(conversation: UUID, what: str) -> str:
    return f"{_CONVERSATIONS}/{conversation}/{what}"


def _detail(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return _shorten(text)
    if not isinstance(answer, dict):
        return _shorten(text)
    return _shorten(str(answer.get("exception") or answer.get("detail") or answer))


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _DETAIL_LENGTH else f"{text[:_DETAIL_LENGTH]} …"


_HINTS = {
    401: "The server does not accept the session key: check openhands-api-key.",
    404: "The conversation is gone, or the address is not that of an agent server.",
    422: "The agent server may be of a version that this tool does not know.",
}

# The SDK takes every 429 for a rate limit, and every 400 for a request that was wrong. What is
# said counts first, and the first words that are found.
_BY_WORDS: Mapping[str, FailureCause] = {
    "the budget of this run": "budget",  # our own gateway
    "please retry in": "rate_limit",  # Gemini, which calls its limit for a minute a quota
    "insufficient_quota": "quota",
    "exceeded your current quota": "quota",  # OpenAI
    "credit balance is too low": "quota",  # Anthropic
    "requires more credits": "quota",  # OpenRouter
    "insufficient balance": "quota",  # DeepSeek
}

_BY_KIND: Mapping[str, FailureCause] = {
    "auth": "auth",
    "quota": "quota",
    "rate_limit": "rate_limit",
    "config": "configuration",
    "transient": "transient",
}

# Old servers do not classify. The codes are the names of the SDK's exceptions.
_BY_CODE: Mapping[str, FailureCause] = {
    "MaxIterationsReached": "max_iterations",
    "LLMAuthenticationError": "auth",
    "LLMRateLimitError": "rate_limit",
    "LLMServiceUnavailableError": "transient",
    "LLMTimeoutError": "transient",
    "LLMBadRequestError": "configuration",
}
