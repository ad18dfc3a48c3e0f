"""What a run has under way, recorded where a later run finds it should this one die.

One file for a plan (the same tasks on the same code), with a line for each conversation that is
about to begin and for each answer that has come. Only one run at a time writes it, at its end; the
lock goes with its process, however that ends. A run that comes to its end removes the file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal
from uuid import UUID

from pydantic import ValidationError

from spec_to_production.generation.cache import fits
from spec_to_production.results import GeneratedFile, Task, Value

MOST_BYTES = 64 << 20
"""No more is read of a journal."""

_KEPT_S = 7 * 24 * 3600
"""Who has not come back by then will not: the file is removed."""


class Line(Value):
    """How far a task has come.

    Attributes:
        conversation: Has begun, or is about to; without one the task begins anew.
        files: Its answer, once that has come.
    """

    format: Literal[1] = 1
    content_key: str
    conversation: UUID | None = None
    files: tuple[GeneratedFile, ...] = ()


class Journal:
    """The journal of one run.

    Args:
        file: Takes the lines; held open, and locked, until the run ends. Without one nothing is
            recorded.
        left: The last line on each task of a run that died, by content key.
        tell: Takes a line when the journal cannot be written.
    """

    def __init__(
        self,
        file: BinaryIO | None = None,
        left: dict[str, Line] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._file = file
        self._left = left or {}
        self._tell = tell

    @classmethod
    def open(
        cls,
        folder: Path,
        tasks: Sequence[Task],
        commit: str,
        tell: Callable[[str], None],
        *,
        resume: bool = True,
    ) -> Journal:
        """The journal of a plan, with what a run that died has left in it.

        Args:
            folder: Where journals are kept; made when it is missing.
            tasks: What is planned.
            commit: The snapshot that the tasks work on.
            tell: Takes a line when there can be no journal.
            resume: Whether what is left in it is to be known; otherwise it is emptied.
        """
        path = folder / f"{_key(tasks, commit)}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _remove_old(folder)
            file = open(path, "a+b", buffering=0, opener=_open_no_link)  # noqa: SIM115
        except OSError as error:
            tell(f"There is no journal of this run: {error}")
            return cls()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            taken = isinstance(error, BlockingIOError)
            why = "another run is at work on the same plan" if taken else error
            tell(f"There is no journal of this run: {why}")
            return cls()
        if not resume:
            file.truncate(0)
        return cls(file, _read(file), tell)

    def conversation(self, task: Task) -> UUID | None:
        """The conversation that was begun for a task, which may still be there."""
        line = self._left.get(task.content_key)
        return line.conversation if line else None

    def answers(self, tasks: Sequence[Task]) -> dict[str, tuple[GeneratedFile, ...]]:
        """The answers that had come, by the tasks' ids."""
        lines = {task.id: self._left.get(task.content_key) for task in tasks}
        return {
            task.id: line.files
            for task in tasks
            if (line := lines[task.id]) and line.files and fits(line.files, task)
        }

    def began(self, task: Task, conversation: UUID) -> None:
        """Record that a conversation is about to begin."""
        self._write(Line(content_key=task.content_key, conversation=conversation))

    def answered(self, task: Task, conversation: UUID, files: Sequence[GeneratedFile]) -> None:
        """Record a task's answer, before its conversation is deleted."""
        line = Line(content_key=task.content_key, conversation=conversation, files=tuple(files))
        self._write(line)

    def failed(self, task: Task) -> None:
        """Record that a task came to nothing."""
        self._write(Line(content_key=task.content_key))

    def remove(self) -> None:
        """The run came to its end: there is nothing to go on with."""
        if self._file is not None:
            Path(self._file.name).unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the journal for a later run, unless it was removed."""
        if self._file is not None:
            self._file.close()

    def _write(self, line: Line) -> None:
        if self._file is None:
            return
        try:
            # What comes before may have been cut off in its line.
            self._file.write(f"\n{line.model_dump_json()}".encode())
        except OSError as error:
            self._tell(f"The journal cannot be written: {error}")


def _key(tasks: Sequence[Task], commit: str) -> str:
    parts = [commit, *sorted(task.content_key for task in tasks)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _open_no_link(path: str, flags: int) -> int:
    """The folder may lie in a checkout, where a link could lead anywhere."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _read(file: BinaryIO) -> dict[str, Line]:
    """The last line on each task; one that was cut off, or is none of ours, says nothing."""
    file.seek(0)
    lines = {}
    for text in file.read(MOST_BYTES).split(b"\n"):
        with suppress(ValidationError):
            line = Line.model_validate_json(text)
            lines[line.content_key] = line
    return lines


def _remove_old(folder: Path) -> None:
    for path in folder.glob("*.jsonl"):
        with suppress(FileNotFoundError):  # another run was faster
            if time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()
