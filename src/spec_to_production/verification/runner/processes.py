"""The processes and threads that this one has started, or that were left to it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

_threads, _current_thread, _join, _Timer = (  # a test may replace them
    threading.enumerate,
    threading.current_thread,
    threading.Thread.join,
    threading.Timer,
)
_HELPERS = (b"multiprocessing.resource_tracker", b"multiprocessing.forkserver")


def children() -> Iterator[int]:
    """The children of this process that are still there, the dead ones included."""
    for pid, parent, _ in _processes():
        if parent == os.getpid():
            yield pid


def left_running() -> bool:
    """Whether a child of this process still runs that is no helper of Python's own."""
    for pid, parent, state in _processes():
        if parent == os.getpid() and state != "Z":
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                if not any(helper in command for helper in _HELPERS):
                    return True
    return False


def await_threads(seconds: float) -> None:
    """Give the threads that a test left behind so long to do what they are up to."""
    others = [thread for thread in _threads() if thread is not _current_thread()]
    for thread in others:
        _join(thread, seconds / len(others))


def at_work(thread: threading.Thread, tests: Collection[str], component: Collection[str]) -> bool:
    """Whether a thread that a test started goes on with something that others will notice.

    The idle worker of a pool does not, nor does a daemon that waits for the component.
    """
    if not thread.is_alive() or isinstance(thread, _Timer):
        return thread.is_alive()
    frame, files = sys._current_frames().get(thread.ident or 0), set[str]()  # noqa: SLF001
    while frame is not None:
        files.add(frame.f_code.co_filename)
        frame = frame.f_back
    if files.isdisjoint(component):
        return not files.isdisjoint(tests)
    return not thread.daemon


def _processes() -> Iterator[tuple[int, int, str]]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (
                    (process / "stat").read_text("latin-1").rpartition(")")[2].split()[:2]
                )
                yield int(process.name), int(parent), state
