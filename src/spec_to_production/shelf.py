"""A plain folder of files that several runs may use at once, with a bound on its size."""

from __future__ import annotations

import contextlib
import os
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
            ValueError: It is too large.
            OSError: It cannot be read.
        """
        path = self._folder / name
        try:
            if path.stat().st_size > self._largest:
                raise ValueError("it is too large")
            content = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            return None
        return content

    def put(self, name: str, content: bytes) -> None:
        """Write a file, and remove the oldest ones while all are more than the bound.

        Raises:
            OSError: It cannot be written.
        """
        write_whole(self._folder / name, content)
        self._shrink()

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
