"""How many conversations may be in flight at once."""

from __future__ import annotations

from collections.abc import Callable

_KNOWN_FOR_S = 30


class Capacity:
    """What is allowed, or what the server turned out to take when that is less.

    A server that is full says so only when it is asked for one more. Its word counts for a
    while; then it is asked again, because others may have made room.

    Args:
        most: Most that are allowed.
        clock: Monotonic seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._learned = most
        self._learned_until = float("-inf")
        self._shut_since = float("inf")

    def has_place(self, in_flight: int) -> bool:
        """Whether one more may be sent beside those in flight."""
        known = self._clock() < self._learned_until
        return in_flight < (self._learned if known else self._most)

    def was_refused(self, in_flight: int) -> None:
        """Learn that the server took no more than those in flight."""
        self._learned = max(1, in_flight)
        self._learned_until = self._clock() + _KNOWN_FOR_S
        if not in_flight:
            self._shut_since = min(self._shut_since, self._clock())

    def was_given(self) -> None:
        """Learn that the server has one of ours."""
        self._shut_since = float("inf")

    def is_shut(self, for_s: float) -> bool:
        """Whether it has had none of ours for longer than that, and refused all."""
        return self._clock() - self._shut_since > for_s
