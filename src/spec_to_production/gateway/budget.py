"""What may be spent on the model, and what was."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import dataclass, replace
from typing import Any

_BYTES_PER_TOKEN = 4
_LARGEST_KEPT = 64 << 20


@dataclass(frozen=True)
class Spent:
    """Requests that were forwarded, and the tokens that they cost."""

    requests: int = 0
    tokens: int = 0


class Budget:
    """The purse of one run; any thread may ask it.

    A request is let through while something is left, so that the sum goes over the limit by no
    more than the requests that are under way.

    Args:
        requests: Most requests; ``None`` for any number.
        tokens: Most tokens, of prompts and answers; ``None`` for any number.
    """

    def __init__(self, *, requests: int | None = None, tokens: int | None = None) -> None:
        self._limits = (requests, tokens)
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
            requests, tokens = self._limits
            if requests is not None and self._spent.requests >= requests:
                return False
            if tokens is not None and self._spent.tokens >= tokens:
                return False
            self._spent = replace(self._spent, requests=self._spent.requests + 1)
            return True

    def pay(self, tokens: int) -> None:
        """Count what an answer cost."""
        with self._lock:
            self._spent = replace(self._spent, tokens=self._spent.tokens + tokens)


class Meter:
    """Reads from an answer, as it passes, what it cost.

    An answer that names no usage, because it was cut short or streamed without, counts one token
    for every four bytes sent and received: leaving it out must not make it free.

    Args:
        sent: Size of the request in bytes.
        streamed: Whether the answer is a stream of events (``text/event-stream``).
    """

    def __init__(self, sent: int, *, streamed: bool) -> None:
        self._passed = sent
        self._streamed = streamed
        self._rest = b""
        self._prompt = 0
        self._completion = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next part of the answer."""
        self._passed += len(chunk)
        self._rest += chunk
        if self._streamed:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._look_at(line.removeprefix(b"data:"))
        self._rest = self._rest[:_LARGEST_KEPT]

    def tokens(self) -> int:
        """What the answer cost, once it has ended."""
        self._look_at(self._rest.removeprefix(b"data:"))
        return self._prompt + self._completion or math.ceil(self._passed / _BYTES_PER_TOKEN)

    def _look_at(self, text: bytes) -> None:
        # The figures in a stream grow from event to event; the largest is the sum.
        if b"sage" in text:
            for usage in _usages(text):
                self._prompt = max(self._prompt, _sum(usage, _PROMPT))
                self._completion = max(self._completion, _sum(usage, _COMPLETION))


# OpenAI's chat and responses, Anthropic (which counts what it cached apart), Gemini.
_PROMPT = (
    "prompt_tokens",
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "promptTokenCount",
)
_COMPLETION = (
    "completion_tokens",
    "output_tokens",
    "candidatesTokenCount",
    "thoughtsTokenCount",
)


def _usages(text: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
    except ValueError:
        return []
    # Gemini streams an array when it is not asked for events.
    items = document if isinstance(document, list) else [document]
    holders = [
        holder
        for item in items
        if isinstance(item, dict)
        for holder in (item, item.get("message"), item.get("response"))
        if isinstance(holder, dict)
    ]
    found = [holder.get(name) for holder in holders for name in ("usage", "usageMetadata")]
    return [usage for usage in found if isinstance(usage, dict)]


def _sum(usage: dict[str, Any], names: tuple[str, ...]) -> int:
    counts = (usage.get(name) for name in names)
    return sum(count for count in counts if isinstance(count, int) and count > 0)
