"""Half-open intervals of whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class _Bounds(NamedTuple):
    start: int
    end: int


class Interval(_Bounds):
    """All whole numbers from ``start`` up to, not including, ``end``."""

    __slots__ = ()

    def __new__(cls, start: int, end: int) -> Interval:
        if start >= end:
            raise ValueError(f"an interval ends after it starts: {start}, {end}")
        return super().__new__(cls, start, end)

    def __contains__(self, point: object) -> bool:
        return isinstance(point, int) and self.start <= point < self.end

    @property
    def length(self) -> int:
        """The number of points in it."""
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        """Whether they share a point."""
        return self.start < other.end and other.start < self.end

    def touches(self, other: Interval) -> bool:
        """Whether one ends where the other starts."""
        return self.end == other.start or other.end == self.start

    def __str__(self) -> str:
        return f"[{self.start}, {self.end})"


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The fewest intervals that cover the same points."""
    merged: list[Interval] = []
    for current in sorted(intervals):
        if merged and current.start < merged[-1].end:
            last = merged.pop()
            current = Interval(last.start, max(last.end, current.end))
        merged.append(current)
    return merged


def gaps(intervals: Iterable[Interval], within: Interval) -> Iterator[Interval]:
    """What is free inside ``within``."""
    free_from = within.start
    for taken in merge(intervals):
        if taken.end <= within.start:
            continue
        if taken.start >= within.end:
            break
        if free_from < taken.start:
            yield Interval(free_from, taken.start)
        free_from = taken.end
    if free_from < within.end:
        yield Interval(free_from, within.end)
