"""Takes secrets out of text, as they are and as they are usually encoded."""

from __future__ import annotations

import base64
import functools
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast
from urllib.parse import quote, quote_plus

from pydantic import BaseModel

T = TypeVar("T")

HIDDEN = "***"
"""What stands where a secret was; the runner writes the same."""

SHORTEST = 8
"""Characters. What is shorter is no secret, and taking it out would spoil ordinary text."""


def forms(secret: str) -> Sequence[str]:
    """A secret and its encodings: percent, base64 in both alphabets at any offset, hexadecimal,
    and as JSON, Python and HTML write it.

    The longest come first. Text that is too short to be a secret has none.
    """
    if len(secret) < SHORTEST:
        return ()
    raw = secret.encode()
    percent = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    found = {secret, *percent, *map(_lower_hex, percent), raw.hex(), raw.hex().upper()}
    found |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found |= {repr(secret)[1:-1], html.escape(secret), html.escape(secret, quote=False)}
    found |= {line for line in secret.splitlines() if len(line) >= SHORTEST}
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

    def value(self, value: T) -> T:
        """The same for every text in a value, however deep.

        Raises:
            TypeError: Something in it is of a kind that could hold a text unseen.
        """
        return cast("T", self._cleaned(value))

    def _cleaned(self, value: object) -> object:
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.content(value)
            case None | bool() | int() | float():
                return value
            case BaseModel():
                names = type(value).model_fields
                return value.model_copy(
                    update={name: self._cleaned(getattr(value, name)) for name in names}
                )
            case Mapping():
                return {self._cleaned(key): self._cleaned(item) for key, item in value.items()}
            case tuple() | list() | set() | frozenset():
                return type(value)(map(self._cleaned, value))
            case _:
                raise TypeError(f"secrets cannot be taken out of a {type(value).__name__}")

    def content(self, content: bytes) -> bytes:
        """As :meth:`text`, for bytes of whatever encoding."""
        for form in self.forms:
            content = content.replace(form.encode(), HIDDEN.encode())
        return content


def _lower_hex(quoted: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), quoted)


def _inner_base64(raw: bytes, before: int) -> str:
    """The characters that ``raw`` always gives in base64 when ``before`` bytes precede it."""
    encoded = base64.b64encode(b"\0" * before + raw).decode()
    start = (before * 8 + 5) // 6
    end = (before + len(raw)) * 8 // 6
    return encoded[start:end]
