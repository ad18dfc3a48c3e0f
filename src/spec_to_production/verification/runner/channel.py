"""The channel of a run's findings: numbered, signed lines that test code cannot slip into."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from typing import Any

Emit = Callable[..., None]

_LONGEST = 2_000


def signature(key: bytes, body: str) -> str:
    """The mark that only a holder of the run's key can make."""
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()


def writer(fd: int, key: bytes) -> Emit:
    """A function that writes one finding.

    Findings of child processes (a test may fork) are dropped: their numbers would clash.
    """
    owner = os.getpid()
    write, getpid, dumps = os.write, os.getpid, json.dumps  # a test may replace them
    number = 0

    def emit(kind: str, **values: Any) -> None:  # noqa: ANN401 - JSON
        nonlocal number
        if getpid() != owner:
            return
        body = dumps({"number": number, "kind": kind, **values})
        number += 1
        left = f"{signature(key, body)} {body}\n".encode()
        while left:
            left = left[write(fd, left) :]

    return emit


def shorten(text: str) -> str:
    """Text short enough for a verdict's detail."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
