"""What an answer of a model used, read from it as it passes."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_BYTES_PER_TOKEN = 4
_LARGEST_KEPT = 64 << 20


@dataclass(frozen=True)
class Used:
    """What one answer used.

    Attributes:
        prompt: Tokens of the prompt that had to be read anew.
        cached: Tokens of the prompt that came from the provider's cache.
        kept: Tokens of the prompt that were put there.
        completion: Tokens of the answer.
        cost_usd: US dollars, where the answer names them, as OpenRouter's do.
    """

    prompt: int = 0
    cached: int = 0
    kept: int = 0
    completion: int = 0
    cost_usd: float | None = None

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.prompt + self.cached + self.kept + self.completion


class Meter:
    """Reads from an answer, as it passes, what it used.

    An answer that names no usage, because it was cut short or streamed without, counts one token
    for every four bytes sent and received: leaving it out must not make it free.

    Args:
        sent: Size of the request in bytes.
        streamed: Whether the answer is a stream of events (``text/event-stream``).
    """

    def __init__(self, sent: int, *, streamed: bool) -> None:
        self._sent = sent
        self._received = 0
        self._streamed = streamed
        self._rest = b""
        self._largest: Counter[str] = Counter()
        self._cost_usd: float | None = None

    def feed(self, chunk: bytes) -> None:
        """Take the next part of the answer."""
        self._received += len(chunk)
        self._rest += chunk
        if self._streamed:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._look_at(line.removeprefix(b"data:"))
        self._rest = self._rest[:_LARGEST_KEPT]

    def used(self) -> Used:
        """What the answer used, once it has ended."""
        self._look_at(self._rest.removeprefix(b"data:"))
        named = self._largest
        if not named.total():
            sent, received = (size / _BYTES_PER_TOKEN for size in (self._sent, self._received))
            return Used(math.ceil(sent), completion=math.ceil(received), cost_usd=self._cost_usd)
        return Used(
            prompt=max(0, named["prompt"] - named["of prompt"]),
            cached=named["of prompt"] + named["cached"],
            kept=named["kept"],
            completion=named["completion"] + named["thoughts"],
            cost_usd=self._cost_usd,
        )

    def _look_at(self, text: bytes) -> None:
        # The figures in a stream grow from event to event; the largest is the sum.
        if b"sage" in text:
            for usage in _usages(text):
                self._largest |= _counts(usage)
                if isinstance(cost := usage.get("cost"), int | float) and cost >= 0:
                    self._cost_usd = max(self._cost_usd or 0, cost)


# OpenAI's chat and responses, Anthropic (which counts what it cached apart), Gemini.
_FIELDS = {
    "prompt_tokens": "prompt",
    "input_tokens": "prompt",
    "promptTokenCount": "prompt",
    "cached_tokens": "of prompt",
    "cachedContentTokenCount": "of prompt",
    "cache_read_input_tokens": "cached",
    "cache_creation_input_tokens": "kept",
    "completion_tokens": "completion",
    "output_tokens": "completion",
    "candidatesTokenCount": "completion",
    "thoughtsTokenCount": "thoughts",
}
_DETAILS = ("prompt_tokens_details", "input_tokens_details")


def _counts(usage: dict[str, Any]) -> Counter[str]:
    parts = (usage, *(usage.get(name) for name in _DETAILS))
    named = (item for part in parts if isinstance(part, dict) for item in part.items())
    return Counter(
        {
            _FIELDS[name]: count
            for name, count in named
            if name in _FIELDS and isinstance(count, int) and count > 0
        }
    )


def _usages(text: bytes) -> Iterator[dict[str, Any]]:
    try:
        document = json.loads(text)
    except ValueError:
        return
    # Gemini streams an array when it is not asked for events.
    for item in document if isinstance(document, list) else [document]:
        if isinstance(item, dict):
            for holder in (item, item.get("message"), item.get("response")):
                if isinstance(holder, dict):
                    found = (holder.get(name) for name in ("usage", "usageMetadata"))
                    yield from (usage for usage in found if isinstance(usage, dict))
