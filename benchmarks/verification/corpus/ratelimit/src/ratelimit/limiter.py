"""Buckets for many clients."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any

from ratelimit.bucket import Bucket


class Limited(Exception):
    """Too many calls; ``seconds`` until the next one may succeed."""

    def __init__(self, client: str, seconds: float) -> None:
        super().__init__(f"{client} has to wait {seconds:.1f} s")
        self.client = client
        self.seconds = seconds


class Limiter:
    """One bucket for each client."""

    def __init__(
        self, capacity: int, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._new_bucket = functools.partial(Bucket, capacity, per_second, clock)
        self._buckets: dict[str, Bucket] = {}

    def check(self, client: str) -> None:
        """Count one call.

        Raises:
            Limited: There are no tokens left for this client.
        """
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = self._new_bucket()
        if not bucket.take():
            raise Limited(client, bucket.wait_for())

    def sweep(self) -> int:
        """Forget clients whose bucket is full; returns how many."""
        full = [client for client, bucket in self._buckets.items() if bucket.is_full]
        for client in full:
            del self._buckets[client]
        return len(full)


def limited(limiter: Limiter, client: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Guard a function."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def guarded_async(*args: Any, **kwargs: Any) -> Any:
                limiter.check(client)
                return await function(*args, **kwargs)

            return guarded_async

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            limiter.check(client)
            return function(*args, **kwargs)

        return guarded

    return decorate
