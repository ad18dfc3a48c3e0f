"""Jobs, and the queue that runs them."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from workqueue.backoff import delays


@dataclass(order=True)
class Job:
    """Something to do; the smallest priority is first."""

    priority: int
    number: int
    name: str = field(compare=False)
    work: Callable[[], Awaitable[Any]] = field(compare=False)


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    name: str
    attempts: int
    result: Any = None
    error: Exception | None = None

    @property
    def failed(self) -> bool:
        """Whether every attempt raised."""
        return self.error is not None

    def __bool__(self) -> bool:
        return not self.failed


class WorkQueue:
    """Runs jobs by priority, several at a time.

    Args:
        max_attempts: How often a job is called at most.
        delay: Seconds before the second attempt.
        max_delay: The longest wait between attempts.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        max_attempts: int = 3,
        delay: float = 0.0,
        max_delay: float = 60.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if max_attempts < 1:
            raise ValueError(f"a job is attempted at least once: {max_attempts}")
        self.max_attempts = max_attempts
        self.delay = delay
        self.max_delay = max_delay
        self.sleep = sleep
        self.running = 0
        self._jobs: list[Job] = []
        self._numbers = itertools.count()

    def put(self, name: str, work: Callable[[], Awaitable[Any]], priority: int = 0) -> Job:
        """Add a job."""
        if any(job.name == name for job in self._jobs):
            raise ValueError(f"there is a job called {name}")
        job = Job(priority, next(self._numbers), name, work)
        heapq.heappush(self._jobs, job)
        return job

    def cancel(self, name: str) -> bool:
        """Remove a job that waits; whether there was one."""
        kept = [job for job in self._jobs if job.name != name]
        removed = len(kept) < len(self._jobs)
        heapq.heapify(kept)
        self._jobs = kept
        return removed

    def __len__(self) -> int:
        return len(self._jobs)

    async def run(self, workers: int = 1) -> list[Outcome]:
        """Run until nothing waits; the outcomes in the order in which jobs were put."""
        outcomes: dict[int, Outcome] = {}
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._worker(outcomes))
        return [outcomes[number] for number in sorted(outcomes)]

    async def _worker(self, outcomes: dict[int, Outcome]) -> None:
        while self._jobs:
            job = heapq.heappop(self._jobs)
            async with self._slot():
                outcomes[job.number] = await self._attempt(job)

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    async def _attempt(self, job: Job) -> Outcome:
        for attempt, pause in enumerate(delays(self.delay, self.max_delay), start=1):
            try:
                return Outcome(job.name, attempt, result=await job.work())
            except Exception as error:
                if attempt > self.max_attempts:
                    return Outcome(job.name, attempt, error=error)
                await self.sleep(pause)
        raise AssertionError("delays never end")
