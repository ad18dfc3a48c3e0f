"""What a model's tokens cost, from LiteLLM's list: the one that the agent server has, too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spec_to_production.gateway.meter import Used

_PROMPT = "input_cost_per_token"
_CACHED = "cache_read_input_token_cost"
_KEPT = "cache_creation_input_token_cost"
_COMPLETION = "output_cost_per_token"
_RATE = re.compile(rf"({_PROMPT}|{_CACHED}|{_KEPT}|{_COMPLETION})(?:_above_(\d+)k_tokens)?")


@dataclass(frozen=True)
class Price:
    """US dollars a token, by what the token is for.

    Attributes:
        rates: For each use, the rates by the length of prompt, in tokens, beyond which they hold.
    """

    rates: Mapping[str, Mapping[int, float]]

    @property
    def dearest(self) -> float:
        """The most that any token can cost."""
        return max(rate for rates in self.rates.values() for rate in rates.values())

    def of(self, used: Used) -> float:
        """US dollars; what the answer itself says counts."""
        if used.cost_usd is not None:
            return used.cost_usd
        length = used.tokens - used.completion
        counts = {
            _PROMPT: used.prompt,
            _CACHED: used.cached,
            _KEPT: used.kept,
            _COMPLETION: used.completion,
        }
        return sum(count * self._rate(name, length) for name, count in counts.items())

    def _rate(self, name: str, length: int) -> float:
        # What is not listed for a use of the cache costs as any prompt does.
        rates = self.rates.get(name) or self.rates[_PROMPT]
        return rates[max(beyond for beyond in rates if beyond == 0 or length > beyond)]


def find_price(model: str, lists: Iterable[Path]) -> Price | None:
    """The price of a model, as the user names it, in the first list that has it."""
    for file in lists:
        known = json.loads(file.read_text("utf-8"))
        # LiteLLM lists some providers' models with the prefix, some without.
        for name in (model, model.partition("/")[2]):
            if name in known and (price := _read(known[name])):
                return price
    return None


def _read(entry: Mapping[str, Any]) -> Price | None:
    rates: dict[str, dict[int, float]] = {}
    for name, rate in entry.items():
        if (found := _RATE.fullmatch(name)) and isinstance(rate, int | float):
            rates.setdefault(found[1], {})[int(found[2] or 0) * 1000] = rate
    complete = all(0 in rates.get(name, ()) for name in (_PROMPT, _COMPLETION))
    return Price({name: each for name, each in rates.items() if 0 in each}) if complete else None
