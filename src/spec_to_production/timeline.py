"""When each stage of a run was at work, measured."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from spec_to_production.results import STAGES, StageName, StageTiming


class Timeline:
    """Records the intervals in which stages were busy; any thread may measure.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._origin = clock()
        self._lock = threading.Lock()
        self._open: dict[object, tuple[StageName, float]] = {}
        self._intervals: dict[StageName, list[tuple[float, float]]] = {}

    def now_ms(self) -> float:
        """Milliseconds since the run began."""
        return round((self._clock() - self._origin) * 1000, 3)

    @contextlib.contextmanager
    def measure(self, stage: StageName) -> Iterator[None]:
        """Count the time in the block for a stage, also when it ends by an exception."""
        key = object()
        with self._lock:
            self._open[key] = (stage, self.now_ms())
        try:
            yield
        finally:
            with self._lock:
                _, started = self._open.pop(key)
                self._intervals.setdefault(stage, []).append((started, self.now_ms()))

    def timings(self) -> dict[StageName, StageTiming | None]:
        """Every stage's times so far, in the stages' order; one still at work counts until now."""
        with self._lock:
            now = self.now_ms()
            intervals = {stage: list(known) for stage, known in self._intervals.items()}
            for stage, started in self._open.values():
                intervals.setdefault(stage, []).append((started, now))
        return {stage: _sum_up(intervals.get(stage, [])) for stage in STAGES}


def _sum_up(intervals: list[tuple[float, float]]) -> StageTiming | None:
    if not intervals:
        return None
    busy, reached = 0.0, float("-inf")
    for started, ended in sorted(intervals):
        busy += max(0.0, ended - max(started, reached))
        reached = max(reached, ended)
    return StageTiming(
        started_ms=min(started for started, _ in intervals),
        ended_ms=reached,
        busy_ms=round(busy, 3),
    )
