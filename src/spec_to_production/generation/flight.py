"""One task on its way through its conversation."""

from __future__ import annotations

import uuid
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from spec_to_production.generation.plan import repair_path
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
    """Where a task is: not yet sent, being sent, with the agent, with the judge, or done."""

    WAITING = auto()
    CREATING = auto()
    WORKING = auto()
    JUDGING = auto()
    ENDED = auto()


@dataclass
class Flight:
    """One task on its way; only the collecting thread changes it."""

    task: Task
    conversation: uuid.UUID = field(default_factory=uuid.uuid4)
    phase: Phase = Phase.WAITING
    pending: Future[Any] | None = None
    submitted_ms: float | None = None
    deadline: float = float("inf")
    ended_ms: float | None = None
    usage: Usage = field(default_factory=Usage)
    nudges: int = 0
    repairs: int = 0
    files: dict[str, GeneratedFile] = field(default_factory=dict)
    refused: dict[str, RefusedFile] = field(default_factory=dict)
    status: JobStatus = "succeeded"
    cause: FailureCause | None = None
    message: str = ""

    @property
    def output_path(self) -> str:
        """The file that is being waited for now."""
        path = self.task.output_path
        return repair_path(path, self.repairs) if self.repairs else path

    def end(self, status: JobStatus, cause: FailureCause | None = None, message: str = "") -> None:
        """Nothing more happens to it; this is what became of it."""
        self.phase = Phase.ENDED
        self.status, self.cause, self.message = status, cause, message

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
            files=tuple(self.files.values()),
            refused=tuple(self.refused.values()),
            usage=self.usage,
            nudges=self.nudges,
            repairs=self.repairs,
        )
