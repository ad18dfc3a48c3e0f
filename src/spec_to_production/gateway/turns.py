"""Whose turn it is to ask the model's provider."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator


class Turns:
    """So many ask at once; others wait.

    Who hangs up makes room for another, though the provider may still be at work. As many calls
    as there are turns can be left behind so; further ones keep theirs until they end.

    Args:
        at_once: How many turns there are.
    """

    def __init__(self, at_once: int) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._left_behind = threading.BoundedSemaphore(at_once)

    @contextlib.contextmanager
    def turn(self, asker: socket.socket) -> Iterator[None]:
        """Wait for a turn, and have it until the end of the block or until the asker hangs up."""
        here, end = socket.socketpair()
        with end, here:
            holder = threading.Thread(target=self._hold, args=(asker, end), daemon=True)
            holder.start()
            here.recv(1)
            try:
                yield
            finally:
                here.close()
                holder.join()

    def _hold(self, asker: socket.socket, end: socket.socket) -> None:
        """Take a turn, say so, and give it back; from here on nothing can fail."""
        self._free.acquire()
        end.send(b"!")
        if _hangs_up(asker, end) and self._left_behind.acquire(blocking=False):
            self._free.release()
            end.recv(1)
            self._left_behind.release()
        else:
            end.recv(1)
            self._free.release()


def _hangs_up(asker: socket.socket, end: socket.socket) -> bool:
    """Whether the asker hangs up before the end."""
    # Not the default one: it is a file, and there may be too many open.
    with selectors.PollSelector() as selector:
        for each in (asker, end):
            selector.register(each, selectors.EVENT_READ)
        ready = {key.fileobj for key, _ in selector.select()}
    try:
        return end not in ready and not asker.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
