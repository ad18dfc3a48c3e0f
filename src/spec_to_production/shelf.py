"""A plain folder of files that several runs may use at once, with a bound on its size."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from spec_to_production.whole import write_whole

MOST_BYTES = 64 << 20
"""The folder's bound; what was not used for longest goes first."""


class Shelf:
    """The files below a folder. Each is there whole or not at all.

    Args:
        folder: Made when the first file is put there.
        largest: Bytes of the largest file that is read.
        most_bytes: See :data:`MOST_BYTES`.
    """

    def __init__(self, folder: Path, *, largest: int, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._largest = largest
        self._most_bytes = most_bytes

    def get(self, name: str) -> bytes | None:
        """What a file holds; ``None`` when it is not there.

        Raises:
            ValueError: It is too large, or no file.
            OSError: It cannot be read; a link is not followed.
        """
        # O_NONBLOCK: a pipe in the file's place must not hold us up.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            opened = os.open(self._folder / name, flags)
        except FileNotFoundError:
            return None
        try:
            return self._read(opened)
        finally:
            os.close(opened)

    def put(self, name: str, content: bytes) -> None:
        """Write a file, and remove the oldest ones while all are more than the bound.

        Raises:
            OSError: It cannot be written.
        """
        write_whole(self._folder / name, content)
        self._shrink()

    def _read(self, opened: int) -> bytes:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise ValueError("it is not a file")
        with open(opened, "rb", closefd=False) as file:
            content = file.read(self._largest + 1)
        if len(content) > self._largest:
            raise ValueError("it is too large")
        with contextlib.suppress(OSError):  # a folder that may only be read is as good
            os.utime(opened)
        return content

    def _shrink(self) -> None:
        known = []
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):  # another run was faster
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    known.append((status.st_mtime, status.st_size, path))
        left = sum(size for _, size, _ in known) - self._most_bytes
        for _, size, path in sorted(known):
            if left <= 0:
                return
            with contextlib.suppress(OSError):  # what was put there is there all the same
                path.unlink(missing_ok=True)
                left -= size
