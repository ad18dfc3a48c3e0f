"""What a run tells while it goes on. Any thread tells; the main thread alone writes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class Progress:
    """Carries lines from any thread to the one that writes.

    Args:
        write: Takes one whole line, without its end; only ever called on the main thread.
        now_ms: Milliseconds since the run began.
    """

    def __init__(self, write: Callable[[str], None], now_ms: Callable[[], float]) -> None:
        self._write = write
        self._now_ms = now_ms
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()

    def tell(self, text: str) -> None:
        """Say what happened just now; shown at once on the main thread, else at its next turn."""
        self._told.put(f"[{self._now_ms() / 1000:6.1f} s] {text}")
        if threading.current_thread() is threading.main_thread():
            self.flush()

    def flush(self) -> None:
        """Write what other threads told. For the main thread."""
        while not self._told.empty():
            self._write(self._told.get())
