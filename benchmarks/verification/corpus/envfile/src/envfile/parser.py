"""The text of an environment file."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=(.*)", re.ASCII)
_REFERENCE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class ParseError(ValueError):
    """A line that is none. ``line`` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


def parse(text: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The names and values of an environment file.

    Raises:
        ParseError: A line cannot be read.
    """
    values: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ParseError(number, f"not NAME=value: {line!r}")
        name, rest = match.groups()
        value, may_refer = _value(rest.strip(), number)
        if may_refer:
            value = _resolve(value, values, environ or {})
        values[name] = value
    return values


def _value(text: str, number: int) -> tuple[str, bool]:
    if text.startswith("'"):
        inner, closed, _ = text[1:].partition("'")
        if not closed:
            raise ParseError(number, "the single quote is not closed")
        return inner, False
    if text.startswith('"'):
        return _double_quoted(text[1:], number), True
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip(), True


def _double_quoted(text: str, number: int) -> str:
    out = []
    letters = iter(text)
    for letter in letters:
        if letter == '"':
            return "".join(out)
        if letter == "\\":
            escaped = next(letters, "")
            out.append(_ESCAPES.get(escaped, "\\" + escaped))
        else:
            out.append(letter)
    raise ParseError(number, "the double quote is not closed")


def _resolve(value: str, values: Mapping[str, str], environ: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        name, default = match.groups()
        return values.get(name) or environ.get(name) or default or ""

    return _REFERENCE.sub(replacement, value)
