"""What an agent hands in is data: only the files it was asked for are let in."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from spec_to_production.errors import GitError
from spec_to_production.results import GeneratedFile, RefusedFile
from spec_to_production.snapshot import Snapshot, git

LARGEST_FILE = 256 * 1024
LARGEST_PATCH = 16 * 1024 * 1024
_DROPPINGS = frozenset({"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})
"""What Python's tools leave when they run; nobody meant to hand it in."""


@dataclass(frozen=True)
class Intake:
    """The files let in, and those refused with the reason."""

    files: tuple[GeneratedFile, ...]
    refused: tuple[RefusedFile, ...]


def admit(patch: str, snapshot: Snapshot, allowed: Collection[str], scratch: Path) -> Intake:
    """Take the allowed new files out of a patch against the snapshot.

    A file must be regular, not executable, UTF-8 and at most ``LARGEST_FILE`` bytes.
    """
    if not patch.strip():
        return Intake((), ())
    if len(patch) > LARGEST_PATCH:
        reason = f"the changes are larger than {LARGEST_PATCH // 1024**2} MiB"
        return Intake((), (RefusedFile(path="(all)", reason=reason),))
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copy = snapshot.copy(Path(folder) / "copy")
        try:
            touched = _touched(patch, copy)
            wanted = [path for path in touched if path in allowed]
            if wanted:
                include = [f"--include={path}" for path in wanted]
                git("apply", "--whitespace=nowarn", *include, "-", cwd=copy, stdin=patch)
        except GitError as error:
            return Intake((), (RefusedFile(path="(all)", reason=f"not a patch: {error.message}"),))
        results = [
            _read(copy, path)
            if path in allowed
            else RefusedFile(path=path, reason="the job was not asked to change it")
            for path in touched
        ]
    return Intake(
        files=tuple(result for result in results if isinstance(result, GeneratedFile)),
        refused=tuple(result for result in results if isinstance(result, RefusedFile)),
    )


def _touched(patch: str, copy: Path) -> list[str]:
    rows = git("apply", "--numstat", "-z", "-", cwd=copy, stdin=patch).split("\0")
    paths = [row.split("\t", 2)[2] for row in rows if row]
    return [path for path in paths if _DROPPINGS.isdisjoint(PurePosixPath(path).parts)]


def _read(copy: Path, path: str) -> GeneratedFile | RefusedFile:
    file = copy / path
    if file.is_symlink() or not file.is_file():
        return RefusedFile(path=path, reason="not a regular file")
    if file.stat().st_mode & 0o111:
        return RefusedFile(path=path, reason="executable")
    if file.stat().st_size > LARGEST_FILE:
        return RefusedFile(path=path, reason=f"larger than {LARGEST_FILE // 1024} KiB")
    try:
        return GeneratedFile(path=path, content=file.read_text("utf-8"))
    except UnicodeDecodeError:
        return RefusedFile(path=path, reason="not UTF-8 text")
