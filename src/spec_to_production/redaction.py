"""Takes secrets out of text, as they are and as they are usually encoded."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

HIDDEN = "***"
"""What stands where a secret was; the runner writes the same."""

SHORTEST = 8
"""Characters. What is shorter is no secret, and taking it out would spoil ordinary text."""


def forms(secret: str) -> Sequence[str]:
    """A secret and its encodings: percent, base64 in both alphabets at any offset, hexadecimal.

    The longest come first. Text that is too short to be a secret has none.
    """
    if len(secret) < SHORTEST:
        return ()
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), quote_plus(secret), raw.hex(), raw.hex().upper()}
    for line in filter(lambda line: len(line) >= SHORTEST, secret.splitlines()):
        found.add(line)
    for before in range(3):
        inner = _inner_base64(raw, before)
        if len(inner) >= SHORTEST:
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return sorted(found, key=lambda form: (-len(form), form))


@dataclass(frozen=True)
class Redaction:
    """Takes a run's secrets out of text."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str | None]) -> Redaction:
        """For these secrets; those that are not set, or too short, are left out."""
        return cls(tuple(sorted({each for each in secrets if each and len(each) >= SHORTEST})))

    @functools.cached_property
    def forms(self) -> Sequence[str]:
        """Everything that is taken out, the longest first."""
        found = {form for secret in self.secrets for form in forms(secret)}
        return sorted(found, key=lambda form: (-len(form), form))

    def text(self, text: str) -> str:
        """The text without any form of a secret."""
        for form in self.forms:
            text = text.replace(form, HIDDEN)
        return text

    def content(self, content: bytes) -> bytes:
        """As :meth:`text`, for bytes of whatever encoding."""
        for form in self.forms:
            content = content.replace(form.encode(), HIDDEN.encode())
        return content


def _inner_base64(raw: bytes, before: int) -> str:
    """The characters that ``raw`` always gives in base64 when ``before`` bytes precede it."""
    encoded = base64.b64encode(b"\0" * before + raw).decode()
    start = (before * 8 + 5) // 6
    end = (before + len(raw)) * 8 // 6
    return encoded[start:end]
