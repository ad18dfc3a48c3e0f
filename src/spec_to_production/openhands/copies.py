"""Private copies of the code: how they are made, and what became of them.

The agent owns its copy and may do anything to it. Git is therefore never run there: its
configuration could name programs to be started. The copy is read as plain files, without
following a link, and compared with the base in a repository of our own.
"""

from __future__ import annotations

import functools
import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from spec_to_production import archives
from spec_to_production.errors import (
    DiskFullError,
    GitError,
    OpenHandsError,
    telling_of_a_full_disk,
)
from spec_to_production.snapshot import Snapshot

_MOST_NEW_BYTES = 64 << 20
_MOST_NEW_FILES = 50_000
_DEEPEST = 200
"""Folders in folders. To look at one takes time by the square of how deep it lies."""
_GIT = ".git"
_UNREADABLE = (DiskFullError, GitError, *archives.UNREADABLE)
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
    """Copy a snapshot, for the user ``owner`` when given, and for nobody else.

    Raises:
        OpenHandsError: It cannot be written.
    """
    partial = to.with_name(f"{to.name}.partial")
    try:
        with telling_of_a_full_disk():
            shutil.copytree(base, partial, symlinks=True)
            partial.chmod(0o700)
            if owner is not None:
                give(partial, owner)
            partial.rename(to)
    except (DiskFullError, OSError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise OpenHandsError(f"The job's copy of the code could not be made: {error}") from error


def give(path: Path, owner: int) -> None:
    """Make a user the owner of a folder and of all in it."""
    for folder, _, files in os.walk(path):
        for entry in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
            os.chown(entry, owner, owner, follow_symlinks=False)


@dataclass(frozen=True)
class Entry:
    """A file, link or folder of a copy, wherever the copy is.

    Attributes:
        path: Relative to the copy.
        mode: Kind and permissions, as in ``st_mode``.
        read: Gives a file's content, up to a number of bytes.
        target: Where a link leads to.
    """

    path: Path
    mode: int
    read: Callable[[int], bytes]
    target: Callable[[], str]


def changes(base: Path, copy: Iterable[Entry]) -> str:
    """What a copy changed against its base, new files included, as a git patch.

    Raises:
        OpenHandsError: The copy cannot be read, or is too large to be taken.
    """
    try:
        with (
            telling_of_a_full_disk(),
            tempfile.TemporaryDirectory(prefix="spec-to-production-") as scratch,
        ):
            mirror = Path(scratch)
            shutil.copytree(base / ".git", mirror / ".git")
            (mirror / ".git" / "info").mkdir(exist_ok=True)
            (mirror / ".git" / "info" / "exclude").write_text("\n".join(_BY_PRODUCTS))
            _mirror(copy, mirror, [path.lstat().st_size for path in _entries(base)])
            return Snapshot(base, "HEAD", None).diff(mirror)
    except _UNREADABLE as error:
        raise OpenHandsError(f"The job's changes could not be read: {error}") from error


def on_disk(copy: Path) -> Iterator[Entry]:
    """The entries of a copy on this disk; no link is followed, whatever is moved meanwhile.

    What goes meanwhile is left out: a process of the agent may still be at work.
    """
    for folder, folders, files, folder_fd in os.fwalk(copy, follow_symlinks=False, onerror=_refuse):
        folders[:] = [name for name in folders if name.lower() != _GIT]
        for name in (*files, *folders):
            try:
                mode = os.stat(name, dir_fd=folder_fd, follow_symlinks=False).st_mode
            except FileNotFoundError:
                continue
            yield Entry(
                Path(folder).relative_to(copy) / name,
                mode,
                functools.partial(_read, name, folder_fd),
                functools.partial(os.readlink, name, dir_fd=folder_fd),
            )


def in_archive(archive: BinaryIO) -> Iterator[Entry]:
    """The entries of a copy that came as a tar file."""
    with tarfile.open(fileobj=archive) as tar:
        for name, member in _without_hard_links(tar):
            yield Entry(
                Path(name),
                _kind(member) | stat.S_IMODE(member.mode),
                functools.partial(_extract, tar, member),
                functools.partial(str, member.linkname),
            )


def _without_hard_links(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """The members by name; for a hard link the one that it stands for, which came before."""
    known: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if member.islnk() and member.linkname not in known:
            raise tarfile.ReadError(f"{member.name} is a link to nothing")
        known[member.name] = known[member.linkname] if member.islnk() else member
        yield member.name, known[member.name]


def _kind(member: tarfile.TarInfo) -> int:
    if member.issym():
        return stat.S_IFLNK
    return stat.S_IFREG if member.isreg() else 0


def _mirror(copy: Iterable[Entry], mirror: Path, before: Sequence[int]) -> None:
    """Repeat a copy's files and links; what is neither is left out.

    Args:
        copy: What is there.
        mirror: Where to.
        before: Bytes of each entry of the base: the job may add so much to them.
    """
    bytes_left, files_left = sum(before) + _MOST_NEW_BYTES, len(before) + _MOST_NEW_FILES
    for entry in copy:
        if len(entry.path.parts) > _DEEPEST:
            raise OpenHandsError(
                f"The job left folders in its copy that lie more than {_DEEPEST} deep."
            )
        # A repository in the repository would be asked by git for its state: it stays out.
        if any(part.lower() in (_GIT, "..") for part in entry.path.parts):
            continue
        path = entry.path.relative_to(entry.path.anchor)
        if any((mirror / parent).is_symlink() for parent in path.parents):
            raise OpenHandsError(f"The job's changes could not be read: {path} lies below a link.")
        if (content := _content(entry, bytes_left + 1)) is not None:
            bytes_left -= _write(mirror / path, content, entry.mode)
        files_left -= 1
        if bytes_left < 0 or files_left < 0:
            raise OpenHandsError(
                f"The job left too much in its copy: more than {_MOST_NEW_FILES} new files, or "
                f"{_MOST_NEW_BYTES >> 20} MiB of them."
            )


def _content(entry: Entry, most: int) -> bytes | None:
    """What a file holds, or where a link leads to; ``None`` if it is neither, or gone by now."""
    try:
        if stat.S_ISLNK(entry.mode):
            return os.fsencode(entry.target())
        return entry.read(most) if stat.S_ISREG(entry.mode) else None
    except FileNotFoundError:
        return None


def _write(place: Path, content: bytes, mode: int) -> int:
    place.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(mode):
        place.symlink_to(os.fsdecode(content))
        return len(content)
    # "x": an archive may name a file twice.
    with place.open("xb") as file:
        file.write(content)
    place.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
    return len(content)


def _read(name: str, folder_fd: int, most: int) -> bytes:
    # O_NONBLOCK: a pipe that took the file's place must not hold us up.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(name, flags, dir_fd=folder_fd), "rb") as file:  # noqa: PTH123
        return file.read(most)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, most: int) -> bytes:
    file = tar.extractfile(member)
    return file.read(most) if file else b""


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _entries(base: Path) -> Iterator[Path]:
    return (path for path in base.rglob("*") if path.relative_to(base).parts[0] != _GIT)
