"""Text to records and back."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


class FormatError(ValueError):
    """Text that is no table."""


class ChecksumError(FormatError):
    """A table that was changed, or cut."""


def _bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"not true or false: {text!r}")
    return text == "true"


READERS: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "str": str, "bool": _bool}
_ESCAPED = {"\\": "\\\\", "|": "\\|", "\n": "\\n"}
_PLAIN = {escaped: plain for plain, escaped in _ESCAPED.items()}
_FIELD = re.compile(r"((?:[^\\|]|\\.)*)(?:\||$)")


def loads(text: str) -> list[dict[str, Any]]:
    """Read a table.

    Raises:
        FormatError: Something is no table; names the line.
        ChecksumError: The checksum does not fit.
    """
    lines = _checked(text).splitlines()
    if not lines:
        return []
    columns = _columns(lines[0])
    return [_record(line, columns, number) for number, line in enumerate(lines[1:], start=2)]


def dumps(records: Sequence[Record], *, checksum: bool = False) -> str:
    """Write a table."""
    if not records:
        return ""
    types = {name: type(value).__name__ for name, value in records[0].items()}
    if unknown := {kind for kind in types.values() if kind not in READERS}:
        raise FormatError(f"no type for {', '.join(sorted(unknown))}")
    lines = ["|".join(f"{name}:{kind}" for name, kind in types.items())]
    for record in records:
        if record.keys() != types.keys():
            raise FormatError(f"other names than the first record: {', '.join(record)}")
        lines.append("|".join(_write(record[name]) for name in types))
    text = "\n".join(lines) + "\n"
    return text + f"#crc {zlib.crc32(text.encode()):08x}\n" if checksum else text


def _checked(text: str) -> str:
    body, mark, crc = text.rpartition("#crc ")
    if not mark or (body and not body.endswith("\n")):
        return text
    if crc.strip() != f"{zlib.crc32(body.encode()):08x}":
        raise ChecksumError(f"the checksum {crc.strip()} does not fit")
    return body


def _columns(header: str) -> dict[str, str]:
    columns: dict[str, str] = {}
    for field in header.split("|"):
        name, _, kind = field.partition(":")
        kind = kind or "str"
        if kind not in READERS:
            raise FormatError(f"unknown type {kind} of {name}")
        if name in columns:
            raise FormatError(f"{name} stands twice in the header")
        columns[name] = kind
    return columns


def _record(line: str, columns: dict[str, str], number: int) -> dict[str, Any]:
    fields = _FIELD.findall(line + "|")[: line.replace("\\|", "").count("|") + 1]
    if len(fields) != len(columns):
        raise FormatError(f"line {number}: {len(fields)} fields instead of {len(columns)}")
    try:
        return {
            name: _read(field, kind)
            for (name, kind), field in zip(columns.items(), fields, strict=True)
        }
    except ValueError as error:
        raise FormatError(f"line {number}: {error}") from error


def _read(field: str, kind: str) -> Any:
    if not field and kind != "str":
        return None
    return READERS[kind](re.sub(r"\\.", lambda match: _PLAIN.get(match[0], match[0]), field))


def _write(value: Any) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return re.sub(r"[\\|\n]", lambda match: _ESCAPED[match[0]], text)
