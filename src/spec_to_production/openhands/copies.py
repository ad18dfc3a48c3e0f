"""Private copies of the code, on a disk that this tool and the agent share.

The agent owns its copy and may do anything to it. Git is therefore never run there: its
configuration could name programs to be started. The copy is read as plain files, without
following a link, and compared with the base in a repository of our own.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spec_to_production.errors import GitError, OpenHandsError
from spec_to_production.snapshot import Snapshot, git

_MOST_NEW_BYTES = 64 << 20
_MOST_FILES = 50_000
_BY_PRODUCTS = (
    "__pycache__/",
    ".pytest_cache/",
    ".hypothesis/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".coverage",
    ".venv/",
)


def make(base: Path, to: Path, owner: int | None) -> None:
    """Copy a snapshot, for the user ``owner`` when given."""
    partial = to.with_name(f"{to.name}.partial")
    shutil.copytree(base, partial, symlinks=True)
    if owner is not None:
        give(partial, owner)
    partial.rename(to)


def give(path: Path, owner: int) -> None:
    """Make a user the owner of a folder and of all in it."""
    for folder, _, files in os.walk(path):
        for entry in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
            os.chown(entry, owner, owner, follow_symlinks=False)


def changes(base: Path, copy: Path) -> str:
    """What a copy changed against its base, new files included, as a git patch.

    Raises:
        OpenHandsError: The copy is gone, or too large to be taken.
    """
    with tempfile.TemporaryDirectory(prefix="spec-to-production-") as scratch:
        mirror = Path(scratch)
        shutil.copytree(base / ".git", mirror / ".git")
        (mirror / ".git" / "info").mkdir(exist_ok=True)
        (mirror / ".git" / "info" / "exclude").write_text("\n".join(_BY_PRODUCTS))
        try:
            _mirror(copy, mirror, most_bytes=_size(base) + _MOST_NEW_BYTES)
            return Snapshot(base, git("rev-parse", "HEAD", cwd=base).strip(), None).diff(mirror)
        except (GitError, OSError) as error:
            raise OpenHandsError(f"The changes of the job cannot be told: {error}") from error


@dataclass(frozen=True)
class _Entry:
    """A file or link in the agent's copy, reached from its folder so that nothing is followed."""

    path: Path
    name: str
    folder_fd: int

    def status(self) -> os.stat_result:
        return os.stat(self.name, dir_fd=self.folder_fd, follow_symlinks=False)

    def read(self, most: int) -> bytes:
        # O_NONBLOCK: a pipe that took the file's place must not hold us up.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(self.name, flags, dir_fd=self.folder_fd), "rb") as file:  # noqa: PTH123
            return file.read(most)


def _mirror(copy: Path, mirror: Path, *, most_bytes: int) -> None:
    """Repeat the copy's files and links in the mirror; what is neither is left out."""
    left = most_bytes
    for count, entry in enumerate(_entries(copy), start=1):
        target = mirror / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = entry.status().st_mode
        if stat.S_ISLNK(mode):
            target.symlink_to(os.readlink(entry.name, dir_fd=entry.folder_fd))
        elif stat.S_ISREG(mode):
            left -= target.write_bytes(entry.read(left + 1))
            target.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
        if left < 0 or count > _MOST_FILES:
            raise OpenHandsError(
                f"The job left too much in its copy: more than {_MOST_FILES} files or "
                f"{_MOST_NEW_BYTES >> 20} MiB of new ones."
            )


def _entries(copy: Path) -> Iterator[_Entry]:
    for folder, folders, files, folder_fd in os.fwalk(copy, follow_symlinks=False, onerror=_refuse):
        # A repository in the repository would be asked by git for its state: it stays out.
        folders[:] = [name for name in folders if name.lower() != ".git"]
        relative = Path(folder).relative_to(copy)
        for name in (*files, *folders):
            entry = _Entry(relative / name, name, folder_fd)
            if name.lower() != ".git" and not stat.S_ISDIR(entry.status().st_mode):
                yield entry


def _refuse(error: OSError) -> None:
    raise error


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))
