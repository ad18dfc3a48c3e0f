"""Bookings of one room."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from intervals.interval import Interval

Listener = Callable[[str, Interval], None]


class Conflict(Exception):
    """The room is taken."""

    def __init__(self, wanted: Interval, holder: str) -> None:
        super().__init__(f"{wanted} is taken by {holder}")
        self.wanted = wanted
        self.holder = holder


class Calendar:
    """Who has the room when."""

    opened = 0

    def __init__(self) -> None:
        self._bookings: dict[Interval, str] = {}
        self._listeners: list[Listener] = []
        Calendar.opened += 1

    def subscribe(self, listener: Listener) -> None:
        """Have a listener called with the name and the interval of every booking."""
        self._listeners.append(listener)

    def book(self, name: str, interval: Interval) -> None:
        """Take the room.

        Raises:
            Conflict: Somebody is there.
        """
        for taken, holder in self._bookings.items():
            if taken.overlaps(interval):
                raise Conflict(interval, holder)
        self._bookings[interval] = name
        for listener in self._listeners:
            listener(name, interval)

    def holder_at(self, minute: int) -> str | None:
        """Who has the room at that minute."""
        for taken, holder in self._bookings.items():
            if minute in taken:
                return holder
        return None

    def __iter__(self) -> Iterator[tuple[Interval, str]]:
        return iter(sorted(self._bookings.items()))

    def __len__(self) -> int:
        return len(self._bookings)
