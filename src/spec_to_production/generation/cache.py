"""What agents wrote in earlier runs, by the content of the task.

One file an answer, in a plain folder that several runs may use at once: an entry appears whole or
not at all. What is read is not trusted. An entry of another form, of another key, or with a file
that the task may not create is left aside, and what is taken is verified anew like any answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from spec_to_production.generation.intake import LARGEST_FILE
from spec_to_production.generation.plan import repair_path
from spec_to_production.results import GeneratedFile, Task, Value
from spec_to_production.shelf import MOST_BYTES, Shelf

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
        most_bytes: See :data:`.shelf.MOST_BYTES`.
    """

    def __init__(
        self, folder: Path, tell: Callable[[str], None], *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._shelf = Shelf(folder / "answers", largest=_LARGEST_ENTRY, most_bytes=most_bytes)
        self._tell = tell

    def find(self, task: Task) -> tuple[GeneratedFile, ...] | None:
        """The files of an earlier answer to the same task, or ``None``."""
        try:
            content = self._shelf.get(_name(task))
            if content is None:
                return None
            entry = Entry.model_validate_json(content)
            _require_fit(entry, task)
        except (OSError, ValueError) as error:
            what = "not an answer" if isinstance(error, ValidationError) else str(error)
            self._tell(f"{task.id}: its entry in the cache is ignored: {what}")
            return None
        return entry.files

    def keep(self, task: Task, files: Sequence[GeneratedFile]) -> None:
        """Keep an answer for later runs. A cache that cannot be written costs nothing but time."""
        entry = Entry(content_key=task.content_key, files=tuple(files))
        try:
            self._shelf.put(_name(task), entry.model_dump_json().encode())
        except OSError as error:
            self._tell(f"{task.id}: its answer could not be kept in the cache: {error}")


def _name(task: Task) -> str:
    return f"{task.content_key}.json"


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
