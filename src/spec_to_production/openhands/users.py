"""Users that belong to nobody, for one purpose at a time: all that they run is killed after it."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
import pwd
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spec_to_production.errors import ServerStartError

# Neither login.defs(5) nor systemd gives these out (https://systemd.io/UIDS-GIDS/), and they are
# small enough to be there in a container whose users are mapped.
_NOBODYS = range(60_706, 61_184)
_LOCKS = Path("/run/spec-to-production")
"""The same for all runs of a machine, and root's."""


@dataclass(frozen=True)
class User:
    """One that no other run has until it is given back, or this process ends.

    Attributes:
        uid: Of the group, too.
    """

    uid: int
    _lock: int

    @classmethod
    def take(cls) -> User:
        """Take one, as root.

        Raises:
            OSError: No lock can be had.
            ServerStartError: All are in use.
        """
        _LOCKS.mkdir(mode=0o700, exist_ok=True)
        for uid in secrets.SystemRandom().sample(_NOBODYS, len(_NOBODYS)):
            lock = os.open(_LOCKS / str(uid), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not (_has_a_name(uid) or uid in _who_runs_something()):
                    return cls(uid, lock)
            os.close(lock)
        raise ServerStartError(
            f"All users for agent servers, {_NOBODYS[0]} to {_NOBODYS[-1]}, are in use on this "
            "machine."
        )

    def give_back(self) -> None:
        """Let others have it."""
        os.close(self._lock)


def _has_a_name(uid: int) -> bool:
    for find in (pwd.getpwuid, grp.getgrgid):
        with contextlib.suppress(KeyError):
            find(uid)
            return True
    return False


def _who_runs_something() -> set[int]:
    """The users of all processes: who they are, and who they could be again."""
    return {uid for process in Path("/proc").iterdir() for uid in _users_of(process)}


def _users_of(process: Path) -> Iterator[int]:
    if process.name.isdecimal():
        with contextlib.suppress(OSError):  # it has ended
            status = (process / "status").read_text("utf-8", "replace")
            yield from map(int, status.partition("\nUid:")[2].partition("\n")[0].split())
