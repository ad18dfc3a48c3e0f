"""Ctrl-C and SIGTERM: they end a run early, but cost no result that is there."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from types import FrameType
from typing import Any

_BOTH = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM, raised on the main thread.

    Args:
        signum: The signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


@contextlib.contextmanager
def raised(signals: Collection[int] = _BOTH) -> Iterator[Callable[[], None]]:
    """In the block the first of these signals raises :class:`Interrupted`; others are ignored.

    Gives a function that ends this before the block does: from then on the signals are again
    what they were outside of it.
    """
    before = _handlers(signals)

    def interrupt(signum: int, _: FrameType | None) -> None:
        _set(dict.fromkeys(before, signal.SIG_IGN))
        raise Interrupted(signum)

    _set(dict.fromkeys(before, interrupt))
    try:
        yield lambda: _set(before)
    finally:
        _set(before)


@contextlib.contextmanager
def noted() -> Iterator[list[int]]:
    """In the block Ctrl-C and SIGTERM change nothing; the list has those that came."""
    came: list[int] = []
    before = _handlers(_BOTH)
    _set(dict.fromkeys(before, lambda signum, _: came.append(signum)))
    try:
        yield came
    finally:
        _set(before)


def _handlers(signals: Collection[int]) -> dict[int, Any]:
    """What handles them now; of all threads, Python lets only the main one change that."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {signum: signal.getsignal(signum) for signum in signals}


def _set(handlers: Mapping[int, Any]) -> None:
    for signum, handler in handlers.items():
        signal.signal(signum, handler)
