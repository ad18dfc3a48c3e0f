"""What the agent server says, as far as this tool listens.

The shapes follow the server's own OpenAPI description (1.34 to 1.58). Unknown fields are
ignored and missing ones have a default, because the server changes about twice a week.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, RootModel

from spec_to_production.openhands.interface import ExecutionStatus
from spec_to_production.results import Usage


def _known_status(value: object) -> object:
    return value if value in get_args(ExecutionStatus) else "unknown"


class Answer(BaseModel):
    """A part of an answer of the server."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Success(Answer):
    """The server did what it was asked; an answer that says otherwise is none."""

    success: Literal[True] = True


class ServerInfo(Answer):
    """``GET /server_info``; ``uptime`` in seconds."""

    version: str
    uptime: float = 0


class Tokens(Answer):
    """Tokens of all calls that one use of a model has made."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Metrics(Answer):
    """What one use of a model has cost so far."""

    accumulated_cost: float = 0
    accumulated_token_usage: Tokens | None = None


class Stats(Answer):
    """Metrics by what the model was used for (the agent, a condenser, …)."""

    usage_to_metrics: dict[str, Metrics] = {}

    @property
    def usage(self) -> Usage:
        """The sum. The server reports a cost of 0 for a model whose price it does not know."""
        metrics = self.usage_to_metrics.values()
        tokens = [each.accumulated_token_usage or Tokens() for each in metrics]
        return Usage(
            prompt_tokens=sum(each.prompt_tokens for each in tokens),
            completion_tokens=sum(each.completion_tokens for each in tokens),
            cost_usd=sum(each.accumulated_cost for each in metrics) or None,
        )


class Conversation(Answer):
    """``GET /api/conversations/{id}``, and the items of the batch."""

    id: UUID
    execution_status: Annotated[ExecutionStatus, BeforeValidator(_known_status)] = "unknown"
    stats: Stats | None = None


class Conversations(RootModel[list[Conversation | None]]):
    """``GET /api/conversations?ids=…``: ``None`` for one that the server does not know."""


class Classification(Answer):
    """How the server sorts a failure; old servers do not."""

    kind: str | None = None


class Content(Answer):
    """A part of a message; only texts have one."""

    text: str = ""


class Message(Answer):
    """What the user or the model said."""

    role: str
    content: list[Content] = []


class Event(Answer):
    """An event of a conversation, with the fields that a message or an error has."""

    kind: str
    llm_message: Message | None = None
    code: str | None = None
    detail: str | None = None
    error: str | None = None
    classification: Classification | None = None


class Events(Answer):
    """One page of ``GET /api/conversations/{id}/events/search``."""

    items: list[Event]


class RawEvents(Answer):
    """The same page, with the events as they are."""

    items: list[dict[str, Any]]
    next_page_id: str | None = None


class CommandResult(Answer):
    """``POST /api/bash/execute_bash_command``; the exit code is -1 when it took too long."""

    exit_code: int
    stdout: str | None = None
    stderr: str | None = None
