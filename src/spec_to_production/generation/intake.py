"""What an agent hands in is data: only the files it was asked for are let in."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from spec_to_production.results import GeneratedFile, RefusedFile

LARGEST_FILE = 256 * 1024
_MOST_READ = 3 * LARGEST_FILE  # in a patch each line has a sign
_DROPPINGS = frozenset({"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})
"""What Python's tools leave when they run; nobody meant to hand it in."""

_SECTION = re.compile(r"^(?=diff --git )", re.MULTILINE)
_PATH = re.compile(r'diff --git ("?)a/(.+)\1 \1b/\2\1')
_NEW = re.compile(r"^new file mode (\d+)$", re.MULTILINE)
_REGULAR, _EXECUTABLE = "100644", "100755"


@dataclass(frozen=True)
class Intake:
    """The files let in, and those refused with the reason."""

    files: tuple[GeneratedFile, ...]
    refused: tuple[RefusedFile, ...]


def admit(patch: str, allowed: Collection[str]) -> Intake:
    """Take the allowed new files out of a patch of git's; it is read here, never applied.

    A file must be regular, not executable, UTF-8 and at most ``LARGEST_FILE`` bytes. Of the others
    only the names are read, however large they are.
    """
    if not patch.strip():
        return Intake((), ())
    starts = [section.start() for section in _SECTION.finditer(patch)]
    if starts[:1] != [0]:
        refused = RefusedFile(path="(all)", reason="not a patch")
        return Intake((), (refused,))
    changes = ((_path(patch, start), start, end) for start, end in pairwise([*starts, len(patch)]))
    results = [
        _read(path, patch[start:end])
        if path in allowed
        else RefusedFile(path=path, reason="the job was not asked to change it")
        for path, start, end in changes
        if _DROPPINGS.isdisjoint(PurePosixPath(path).parts)
    ]
    return Intake(
        files=tuple(result for result in results if isinstance(result, GeneratedFile)),
        refused=tuple(result for result in results if isinstance(result, RefusedFile)),
    )


def _path(patch: str, start: int) -> str:
    line = patch[start : patch.find("\n", start)]
    found = _PATH.fullmatch(line)
    return found[2] if found else line.removeprefix("diff --git ")


def _read(path: str, section: str) -> GeneratedFile | RefusedFile:
    head, _, hunk = section.partition("\n@@ ")
    content = _added(hunk[:_MOST_READ])
    mode = _NEW.search(head)
    reason = None
    if mode is None:
        reason = "it was there before"
    elif mode[1] == _EXECUTABLE:
        reason = "executable"
    elif mode[1] != _REGULAR:
        reason = "not a regular file"
    elif "\nBinary files " in head or not _is_text(content):
        reason = "not UTF-8 text"
    elif len(content.encode()) > LARGEST_FILE:
        reason = f"larger than {LARGEST_FILE // 1024} KiB"
    if reason:
        return RefusedFile(path=path, reason=reason)
    return GeneratedFile(path=path, content=content)


def _added(hunk: str) -> str:
    """The text of a file that is new, from its one hunk. Only a line feed ends a line."""
    lines = hunk.split("\n")
    text = "".join(f"{line[1:]}\n" for line in lines if line.startswith("+"))
    return text[:-1] if "\\ No newline at end of file" in lines else text


def _is_text(content: str) -> bool:
    try:
        content.encode()
    except UnicodeEncodeError:  # git's bytes that are no UTF-8 came as lone surrogates
        return False
    return True
