"""What the rest of the product knows of OpenHands, wherever it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

from pydantic import SecretStr

from spec_to_production.results import FailureCause, Usage

ExecutionStatus = Literal[
    "idle",
    "running",
    "paused",
    "waiting_for_confirmation",
    "finished",
    "error",
    "stuck",
    "deleting",
    "unknown",
]
"""The agent server's own words; ``unknown`` stands for one that this tool has never seen,
or for a look that came back too late to say anything."""


WORKING_DIR = "{{WORKING_DIR}}"
"""Stands in a prompt for the agent's own copy of the code, whose path is known once it is made."""


@dataclass(frozen=True)
class Model:
    """The language model that the agent is to use, passed on unchanged.

    Attributes:
        retries: How often the server asks again when the model is limited or unreachable.
    """

    name: str
    api_key: SecretStr | None = None
    base_url: str | None = None
    retries: int = 4


@dataclass(frozen=True)
class Assignment:
    """What one conversation is to do, in a private copy of the code."""

    conversation_id: UUID
    prompt: str
    model: Model
    max_iterations: int


@dataclass(frozen=True)
class State:
    """One look at a conversation."""

    status: ExecutionStatus
    usage: Usage


@dataclass(frozen=True)
class Failure:
    """Why a conversation failed, sorted by cause.

    Attributes:
        message: What happened.
        hint: What the reader can do about it; empty when there is nothing.
    """

    cause: FailureCause
    message: str
    hint: str = ""

    def __str__(self) -> str:
        # What happened may be told at length by others, and be cut at its end.
        return f"{self.hint} {self.message}".lstrip()


class OpenHands(Protocol):
    """A place where conversations run. All methods may be called from several threads."""

    @property
    def version(self) -> str:
        """The agent server's version; known once ready."""

    def wait_until_ready(self) -> None:
        """Block until conversations can be created.

        Raises:
            ServerStartError: The server will not get ready.
        """

    def create(self, assignment: Assignment, base: Path) -> None:
        """Start a conversation in its own copy of ``base``; creating one twice starts it once.

        Raises:
            OpenHandsError: The server refused or could not be reached.
        """

    def attach(self, conversation: UUID, base: Path) -> bool:
        """Take up a conversation that an earlier run left, begun on a copy of the same ``base``.

        ``False`` when it is not there (any more): an embedded server ends with its run.
        """

    def states(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        """Look at several conversations with one request; ``None`` for one that is gone."""

    def say(self, conversation: UUID, text: str) -> None:
        """Send a further message and let the agent go on."""

    def interrupt(self, conversation: UUID) -> None:
        """Stop at once, in the middle of a command or a model call."""

    def failure(self, conversation: UUID) -> Failure:
        """Why a conversation in ``error`` or ``stuck`` ended so."""

    def patch(self, conversation: UUID) -> str:
        """Everything that changed against the base, new files included, as a git patch."""

    def trajectory(self, conversation: UUID) -> str:
        """Every step of the agent: the server's events, each a line of JSON, the oldest first.

        A very long one ends early and says so.
        """

    def delete(self, conversation: UUID) -> None:
        """Forget the conversation and remove its copy."""

    def close(self) -> None:
        """Interrupt what runs and leave nothing behind; may be called twice."""
