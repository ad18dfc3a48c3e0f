"""A cache around a function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any

from ttlcache.cache import TTLCache


def cached(cache: TTLCache) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Keep a function's answers in a cache, by its positional arguments."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Hashable) -> Any:
            try:
                return cache[args]
            except KeyError:
                answer = cache[args] = function(*args)
                return answer

        return wrapper

    return decorate
