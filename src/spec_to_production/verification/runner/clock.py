"""A shifted wall clock for one run, with file times that agree with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

_SLACK_S = 5.0


def shift(seconds: float) -> bool:
    """Let this process see a wall clock that is ``seconds`` ahead; False when it cannot be done.

    The kernel stamps files with the real time. What this run writes would look ``seconds``
    old, so the stamps of files written from now on are shifted as well.
    """
    try:
        import time_machine  # noqa: PLC0415 - not every environment has it
    except ImportError:
        return False
    real = time.time()
    time_machine.travel(real + seconds, tick=True).start()
    for name in ("stat", "lstat", "fstat"):
        setattr(os, name, _in_new_time(getattr(os, name), real, seconds))
    return True


def _in_new_time(
    stat: Callable[..., os.stat_result], started: float, seconds: float
) -> Callable[..., os.stat_result]:
    def shifted(*args: Any, **kwargs: Any) -> os.stat_result:  # noqa: ANN401
        found = stat(*args, **kwargs)
        now = time.time() - seconds
        if not started - _SLACK_S <= found.st_mtime <= now + _SLACK_S:
            return found
        values, named = list(found), {}
        for index, stamp in enumerate(("atime", "mtime", "ctime"), start=7):
            moved = getattr(found, f"st_{stamp}") + seconds
            values[index] = int(moved)
            named[f"st_{stamp}"] = moved
            named[f"st_{stamp}_ns"] = getattr(found, f"st_{stamp}_ns") + int(seconds * 1e9)
        rest = {name: getattr(found, name) for name in ("st_blksize", "st_blocks", "st_rdev")}
        return os.stat_result(values, {**named, **rest})

    return shifted
