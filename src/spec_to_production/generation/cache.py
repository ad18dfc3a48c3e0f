"""What agents wrote in earlier runs, by the content of the task.

One file an answer, in a plain folder that several runs may use at once: an entry appears whole or
not at all. What is read is not trusted. An entry of another form, of another key, or with a file
that the task may not create is left aside, and what is taken is verified anew like any answer.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from spec_to_production.generation.intake import LARGEST_FILE
from spec_to_production.generation.plan import repair_path
from spec_to_production.generation.whole import write_whole
from spec_to_production.results import GeneratedFile, Task, Value

MOST_BYTES = 64 << 20
"""The folder's bound; what was not used for longest goes first."""

_MOST_REPAIRS = 5
_LARGEST_ENTRY = 8 * LARGEST_FILE


class Entry(Value):
    """An answer as it is kept."""

    format: Literal[1] = 1
    content_key: str
    files: tuple[GeneratedFile, ...]


class Cache:
    """The answers below a folder.

    Args:
        folder: Made when the first answer is kept.
        tell: Takes a line about an entry that cannot be used.
        most_bytes: See :data:`MOST_BYTES`.
    """

    def __init__(
        self, folder: Path, tell: Callable[[str], None], *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._folder = folder / "answers"
        self._tell = tell
        self._most_bytes = most_bytes

    def find(self, task: Task) -> tuple[GeneratedFile, ...] | None:
        """The files of an earlier answer to the same task, or ``None``."""
        path = self._path(task)
        try:
            if path.stat().st_size > _LARGEST_ENTRY:
                raise ValueError("it is too large")  # noqa: TRY301 - one place tells
            entry = Entry.model_validate_json(path.read_bytes())
            _require_fit(entry, task)
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            what = "not an answer" if isinstance(error, ValidationError) else str(error)
            self._tell(f"{task.id}: its entry in the cache is left aside: {what}")
            return None
        return entry.files

    def keep(self, task: Task, files: Sequence[GeneratedFile]) -> None:
        """Keep an answer for later runs. A cache that cannot be written costs nothing but time."""
        entry = Entry(content_key=task.content_key, files=tuple(files))
        try:
            write_whole(self._path(task), entry.model_dump_json().encode())
            self._shrink()
        except OSError as error:
            self._tell(f"{task.id}: its answer could not be kept in the cache: {error}")

    def _path(self, task: Task) -> Path:
        return self._folder / f"{task.content_key}.json"

    def _shrink(self) -> None:
        known = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another run was faster
                status = path.stat()
                known.append((status.st_mtime, status.st_size, path))
        left = sum(size for _, size, _ in known) - self._most_bytes
        for _, size, path in sorted(known):
            if left <= 0:
                return
            path.unlink(missing_ok=True)
            left -= size


def fits(files: Sequence[GeneratedFile], task: Task) -> bool:
    """The rules of the intake hold here too: only what the job may create, in its size."""
    repairs = (repair_path(task.output_path, round_ + 1) for round_ in range(_MOST_REPAIRS))
    allowed = {task.output_path, *repairs}
    paths = [file.path for file in files]
    return (
        task.output_path in paths
        and len(set(paths)) == len(paths)
        and allowed >= set(paths)
        and all(len(file.content.encode()) <= LARGEST_FILE for file in files)
    )


def _require_fit(entry: Entry, task: Task) -> None:
    if entry.content_key != task.content_key:
        raise ValueError("it is of another task")
    if not fits(entry.files, task):
        raise ValueError("its files are not those of the task, or too large")
