"""What may be spent on the model, and what was."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Spent:
    """Requests that were forwarded, and what they cost."""

    requests: int = 0
    tokens: int = 0
    cost_usd: float = 0


class Purse:
    """The purse of one run; any thread may ask it.

    A request is let through while something is left, so that the sum goes over the limit by no
    more than the requests that are under way.

    Args:
        requests: Most requests; ``None`` for any number.
        tokens: Most tokens, of prompts and answers; ``None`` for any number.
        cost_usd: Most US dollars, of answers whose price is known; ``None`` for any number.
    """

    def __init__(
        self,
        *,
        requests: int | None = None,
        tokens: int | None = None,
        cost_usd: float | None = None,
    ) -> None:
        self._limits = (requests, tokens, cost_usd)
        self._lock = threading.Lock()
        self._spent = Spent()

    @property
    def spent(self) -> Spent:
        """What was spent until now."""
        with self._lock:
            return self._spent

    def take_request(self) -> bool:
        """Count one request; ``False``, without counting it, when nothing is left."""
        with self._lock:
            spent = (self._spent.requests, self._spent.tokens, self._spent.cost_usd)
            for limit, used in zip(self._limits, spent, strict=True):
                if limit is not None and used >= limit:
                    return False
            self._spent = replace(self._spent, requests=self._spent.requests + 1)
            return True

    def pay(self, tokens: int, cost_usd: float = 0) -> None:
        """Count what an answer cost."""
        with self._lock:
            self._spent = replace(
                self._spent,
                tokens=self._spent.tokens + tokens,
                cost_usd=self._spent.cost_usd + cost_usd,
            )
