"""One task on its way through its conversation."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from spec_to_production.generation.intake import Intake
from spec_to_production.generation.plan import repair_path
from spec_to_production.openhands.interface import Failure
from spec_to_production.progress import Sight
from spec_to_production.results import (
    FailureCause,
    GeneratedFile,
    Job,
    JobStatus,
    RefusedFile,
    Task,
    Usage,
)


class Phase(Enum):
    """Where a task is.

    Waiting for its turn, being sent, with the agent, being collected, waiting for the judge,
    being judged, or done.
    """

    WAITING = auto()
    SENDING = auto()
    WORKING = auto()
    COLLECTING = auto()
    COLLECTED = auto()
    JUDGING = auto()
    ENDED = auto()


_STATES = {
    Phase.WAITING: "waiting",
    Phase.SENDING: "being sent",
    Phase.WORKING: "with the agent",
    Phase.COLLECTING: "being collected",
    Phase.COLLECTED: "waiting for the judge",
    Phase.JUDGING: "being judged",
}


@dataclass(frozen=True)
class Pending:
    """Work handed to the executor, and what is to happen ``then`` with its outcome."""

    work: Future[Any]
    then: Callable[[Any], None]


@dataclass
class Flight:
    """One task on its way; only the collecting thread changes it.

    Attributes:
        is_begun: Whether the server was asked for the conversation, and may have it.
        is_created: Whether the server has said that it has the conversation.
        is_nudged: Whether the conversation was asked for its file once more.
        is_left: Whether an earlier run may have left its conversation, which is looked for first;
            the files are the answer that is known should it be gone.
        is_resumed: Whether an earlier run had begun its conversation.
        to_say: What the conversation waits to be told; ``None`` when it is to be created.
        pending: What is waited for, if anything.
        not_before: The earliest time at which it is sent (again), by the jobs' clock.
        began: When its agent was set to work, by the jobs' clock.
        deadline: The time at which it has to be done, by the jobs' clock; never before it is
            sent.
        collected_by: The time at which its files have to be collected.
        stopped_by: Why its agent was interrupted.
        attempts: How often it was sent again after a failure.
        from_cache: Whether its files are an earlier run's answer.
        uncollected: Why the last look at its files brought none, if it could not be made.
        judged: The files that have been judged; they stay as they were.
        proved: Whether a test of it was accepted or disputed.
    """

    task: Task
    conversation: uuid.UUID = field(default_factory=uuid.uuid4)
    model: str = ""
    phase: Phase = Phase.WAITING
    is_begun: bool = False
    is_created: bool = False
    is_left: bool = False
    to_say: str | None = None
    pending: Pending | None = None
    not_before: float = float("-inf")
    began: float = float("-inf")
    deadline: float = float("inf")
    collected_by: float = float("inf")
    stopped_by: Failure | None = None
    submitted_ms: float | None = None
    ended_ms: float | None = None
    answered_ms: float | None = None
    is_resumed: bool = False
    earlier: Usage = field(default_factory=Usage)
    current: Usage = field(default_factory=Usage)
    attempts: int = 0
    nudges: int = 0
    is_nudged: bool = False
    repairs: int = 0
    from_cache: bool = False
    files: dict[str, GeneratedFile] = field(default_factory=dict)
    uncollected: Failure | None = None
    judged: set[str] = field(default_factory=set)
    proved: bool = False
    refused: dict[str, RefusedFile] = field(default_factory=dict)
    status: JobStatus = "succeeded"
    cause: FailureCause | None = None
    message: str = ""

    @classmethod
    def answered(cls, task: Task, files: Sequence[GeneratedFile]) -> Flight:
        """One whose files are known already: nothing is sent, they are judged anew."""
        known = {file.path: file for file in files}
        return cls(task, phase=Phase.COLLECTED, from_cache=True, files=known)

    @classmethod
    def left(cls, task: Task, conversation: uuid.UUID, files: Sequence[GeneratedFile]) -> Flight:
        """One whose conversation an earlier run began, and the answer as far as it is known."""
        known = {file.path: file for file in files}
        return cls(task, conversation, is_left=True, files=known)

    @property
    def output_path(self) -> str:
        """The file that is being waited for now."""
        path = self.task.output_path
        return repair_path(path, self.repairs) if self.repairs else path

    @property
    def usage(self) -> Usage:
        """What all of its conversations have used."""
        return self.earlier + self.current

    @property
    def unjudged(self) -> list[GeneratedFile]:
        """The files that are still to be judged."""
        return [file for file in self.files.values() if file.path not in self.judged]

    def take_in(self, intake: Intake) -> None:
        """Add what was collected; what was judged stays as it was, whatever came later."""
        self.files |= {file.path: file for file in intake.files if file.path not in self.judged}
        known = {repair_path(self.task.output_path, n) for n in range(1, self.repairs)}
        self.refused = {file.path: file for file in intake.refused if file.path not in known}

    def renew(self) -> None:
        """Begin anew, in another conversation."""
        self.earlier, self.current = self.usage, Usage()
        self.conversation = uuid.uuid4()
        self.is_begun = self.is_created = self.is_left = self.is_nudged = False
        self.to_say = self.uncollected = None

    def end(self, status: JobStatus, cause: FailureCause | None = None, message: str = "") -> None:
        """Nothing more happens to it; this is what became of it."""
        self.phase = Phase.ENDED
        self.status, self.cause, self.message = status, cause, message

    def sight(self, now_ms: float) -> Sight:
        """How it stands, for people."""
        is_over = self.ended_ms is not None
        began = self.submitted_ms
        return Sight(
            job=self.task.id,
            state=self.status.replace("_", " ") if is_over else _STATES.get(self.phase, "ending"),
            seconds=None if began is None else ((self.ended_ms or now_ms) - began) / 1000,
            usage=self.usage,
            is_over=is_over,
        )

    def job(self) -> Job:
        """What is known of it now."""
        return Job(
            task_id=self.task.id,
            kind=self.task.kind,
            module=self.task.module,
            requirement_ids=self.task.requirement_ids,
            status=self.status,
            cause=self.cause,
            message=self.message,
            conversation_id=str(self.conversation) if self.submitted_ms is not None else None,
            submitted_ms=self.submitted_ms,
            ended_ms=self.ended_ms,
            answered_ms=self.answered_ms,
            from_cache=self.from_cache,
            files=tuple(self.files.values()),
            refused=tuple(self.refused.values()),
            usage=self.usage,
            attempts=self.attempts,
            nudges=self.nudges,
            repairs=self.repairs,
        )
