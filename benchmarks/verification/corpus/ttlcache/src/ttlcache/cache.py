"""The cache."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any


@dataclass
class Stats:
    """What happened so far."""

    hits: int = 0
    misses: int = 0
    dropped: int = 0

    @property
    def ratio(self) -> float:
        """Hits among all look-ups; 0 before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class TTLCache(MutableMapping[Hashable, Any]):
    """A mapping of limited size whose entries grow old.

    Args:
        maxsize: The most entries it holds.
        ttl: Seconds that an entry lives.
        clock: Where the time comes from.
    """

    def __init__(
        self, maxsize: int, ttl: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if ttl <= 0:
            raise ValueError(f"a time to live is positive: {ttl}")
        if maxsize < 1:
            raise ValueError(f"a cache holds at least one entry: {maxsize}")
        self.maxsize = maxsize
        self.ttl = ttl
        self.stats = Stats()
        self._clock = clock
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def __getitem__(self, key: Hashable) -> Any:
        self._expire()
        if key not in self._entries:
            self.stats.misses += 1
            raise KeyError(key)
        self.stats.hits += 1
        self._entries.move_to_end(key)
        return self._entries[key][1]

    def __setitem__(self, key: Hashable, value: Any) -> None:
        self._expire()
        self._entries.pop(key, None)
        while len(self._entries) >= self.maxsize:
            self._entries.popitem(last=False)
            self.stats.dropped += 1
        self._entries[key] = (self._clock(), value)

    def __delitem__(self, key: Hashable) -> None:
        del self._entries[key]

    def __iter__(self) -> Iterator[Hashable]:
        self._expire()
        return iter(list(self._entries))

    def __len__(self) -> int:
        self._expire()
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        self._expire()
        return key in self._entries

    def _expire(self) -> None:
        now = self._clock()
        old = [key for key, (born, _) in self._entries.items() if now - born > self.ttl]
        for key in old:
            del self._entries[key]
