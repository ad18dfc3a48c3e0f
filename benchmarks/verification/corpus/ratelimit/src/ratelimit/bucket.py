"""A token bucket."""

from __future__ import annotations

import time
from collections.abc import Callable


class Bucket:
    """Holds up to ``capacity`` tokens and gains ``per_second`` of them.

    Args:
        capacity: Tokens at most, and at the start.
        per_second: Tokens gained in a second.
        clock: Seconds, from anywhere.
    """

    def __init__(
        self, capacity: int, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if capacity <= 0 or per_second <= 0:
            raise ValueError(f"capacity and rate are positive: {capacity}, {per_second}")
        self.capacity = capacity
        self.per_second = per_second
        self._clock = clock
        self._tokens = float(capacity)
        self._seen = clock()

    def take(self, count: int = 1) -> bool:
        """Take tokens if there are enough of them."""
        if count < 1:
            raise ValueError(f"at least one token is taken: {count}")
        self._refill()
        if self._tokens < count:
            return False
        self._tokens -= count
        return True

    def wait_for(self, count: int = 1) -> float:
        """Seconds until that many tokens are there."""
        if count > self.capacity:
            raise ValueError(f"{count} tokens do not fit into {self.capacity}")
        self._refill()
        return max(0.0, (count - self._tokens) / self.per_second)

    @property
    def is_full(self) -> bool:
        """Whether nothing was taken, or all has come back."""
        self._refill()
        return self._tokens >= self.capacity

    def _refill(self) -> None:
        now = self._clock()
        if now > self._seen:
            self._tokens += (now - self._seen) * self.per_second
        self._seen = now
