"""The disk, used by code that is not trusted: how full it may get, and how it is cleared.

The kernel limits the size of a file, not how many there are, and quotas want rights that a
container has not. What it tells everybody, at no cost, is how much is free (``statvfs(3)``).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Reserve:
    """What has to stay free: bytes, and files where the file system has a number of them."""

    folder: Path
    bytes: int
    files: int

    @classmethod
    def half_of(cls, folder: Path) -> Reserve:
        """Half of what is free now on the folder's disk."""
        size, files = _free(folder)
        return cls(folder, size // 2, files // 2)

    def is_used(self) -> bool:
        """Whether less is free."""
        try:
            size, files = _free(self.folder)
        except FileNotFoundError:  # a run that was interrupted has removed it
            return False
        return size < self.bytes or files < self.files

    @contextlib.contextmanager
    def watched(self, end: Callable[[], None]) -> Iterator[None]:
        """Call ``end`` on another thread, once, as soon as it is used during the block."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_LOOK_EVERY_S):
                if self.is_used():
                    end()
                    return

        watcher = threading.Thread(target=watch, name="disk", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def remove(folder: Path) -> None:
    """Remove a folder with all in it, however deep; what cannot be removed stays."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:  # before Python 3.13
        command = ["rm", "-rf", "--", os.fspath(folder)]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False)


def _free(folder: Path) -> tuple[int, int]:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize, status.f_favail
