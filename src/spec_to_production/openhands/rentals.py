"""Which sandboxes are rented, recorded until they are given back.

A run that is killed gives nothing back. The next one that uses the same folder finds what it had.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_ID = re.compile(r"[\w-]{1,100}", re.ASCII)


class Rentals:
    """One empty file for each sandbox, locked for as long as the run that rents it lives.

    Args:
        folder: Made when something is rented; several runs may use it at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locked: dict[str, BinaryIO] = {}

    def begin(self, sandbox: str) -> None:
        """Record that this run rents it.

        Raises:
            OSError: The folder cannot be written.
        """
        if _ID.fullmatch(sandbox):
            self._folder.mkdir(parents=True, exist_ok=True)
            # Under its name it is there locked or not at all: another run takes what is not.
            unfinished = f".{sandbox}"
            self._locked[sandbox] = self._lock(unfinished, os.O_CREAT)
            (self._folder / unfinished).rename(self._folder / sandbox)

    def end(self, sandbox: str) -> None:
        """It was given back."""
        with suppress(OSError):
            (self._folder / sandbox).unlink(missing_ok=True)
        self.leave(sandbox)

    def leave(self, sandbox: str) -> None:
        """It could not be given back: that is left to a later run."""
        if file := self._locked.pop(sandbox, None):
            file.close()

    def left(self) -> list[str]:
        """What runs that are gone had rented; it is this run's from now on."""
        found = []
        names = [path.name for path in self._folder.glob("*")]
        for sandbox in filter(_ID.fullmatch, names):
            with suppress(OSError):  # its run is still at it
                self._locked[sandbox] = self._lock(sandbox)
                found.append(sandbox)
        return found

    def _lock(self, name: str, more: int = 0) -> BinaryIO:
        flags = os.O_RDWR | os.O_NOFOLLOW | more
        file = os.fdopen(os.open(self._folder / name, flags, 0o600), "r+b", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise
        return file
