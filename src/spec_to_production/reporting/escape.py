"""Foreign text made harmless: from specs, tests, agents and logs, for Markdown on GitHub.

GitHub finds mentions, references, commits, bare addresses and emoji in the *rendered* text, so
a backslash or an entity does not stop it. A zero-width space inside does, and so does code.
The rules: https://github.github.com/gfm/ and "Autolinked references and URLs", "Writing
mathematical expressions" in GitHub's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup

_BREAK = "\N{ZERO WIDTH SPACE}"
_SHA_PIECE = 6  # one less than the shortest that GitHub takes for a commit

# Control characters, bidirectional controls, invisible tags, and what no encoding can carry.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)
_LIVE = re.compile(
    r"@"
    r"|\#(?=\d)"
    r"|\bGH-(?=\d)"
    r"|:(?=//|[\w+-]+:)"
    r"|www(?=\.)",
    re.IGNORECASE,
)
_BREAKABLE = re.compile(r"[^\S\N{NO-BREAK SPACE}]+")
_SHA = re.compile(rf"\b[0-9a-f]{{{_SHA_PIECE + 1},}}\b", re.IGNORECASE)
# An underscore inside a word means nothing.
_ACTIVE = re.compile(r"[&<>`*\[\]|\\~]|(?<![^\W_])_|_(?![^\W_])")
_CODE_IN_PROSE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_BLOCK_START = re.compile(r"^(\d*)([-+=#.)])(?=[-+=#\s]|$)")
_MERMAID_TEXT = re.compile(r"[^\w ./()+-]+")


def visible(text: str) -> str:
    r"""Show what hides: a control as its picture (``␛``), others by number (``[U+202E]``).

    Line ends become ``\n``; tabs stay.
    """
    return _HIDDEN.sub(_shown, text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, most: int | None = None) -> str:
    """Visible text with every run of breakable white space as one space, cut to ``most``.

    It is cut at a word's end, unless more than half of it would be lost so.
    """
    line = visible(_BREAKABLE.sub(" ", text).strip())
    if most is None or len(line) <= most:
        return line
    whole_words = line[:most].rpartition(" ")[0]
    return (whole_words if len(whole_words) >= most // 2 else line[: most - 1]) + "…"


def text(value: object, most: int | None = None) -> Markup:
    """Plain text for anywhere in Markdown: prose, a table's cell, or inside an HTML element."""
    return _inert(one_line(str(value), most))


def prose(value: object, most: int | None = None) -> Markup:
    """Text in which what stands between single backticks is shown as code."""
    parts = map(_inert, split_code(one_line(str(value), most)))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def split_code(value: str) -> list[str]:
    """Prose and code in turn, prose first; code is what stands between single backticks."""
    return _CODE_IN_PROSE.split(value)


def code(value: object, most: int | None = None) -> Markup:
    """Code within a line; also for a table's cell, where a bar would end it."""
    line = one_line(str(value), most)
    if not line or "|" in line:
        return Markup("<code>{}</code>").format(text(line))
    ticks = "`" * (_longest_run("`", line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return Markup(ticks + pad + line + pad + ticks)  # noqa: S704 - this is the escaping


def fence(value: str, language: str = "") -> Markup:
    """A block of code, fenced so that nothing inside can end it."""
    ticks = "`" * max(3, _longest_run("`", value) + 1)
    block = f"{ticks}{language}\n{visible(value).strip(chr(10))}\n{ticks}"
    return Markup(block)  # noqa: S704 - this is the escaping


def mermaid(value: str, most: int = 48) -> Markup:
    """A label for a Mermaid chart: only characters that mean nothing to it."""
    label = one_line(_MERMAID_TEXT.sub(" ", value), most) or "unnamed"
    return Markup(label)  # noqa: S704 - this is the escaping


def _shown(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < ord(" "):
        return chr(0x2400 + number)
    return f"[U+{number:04X}]"


def _inert(line: str) -> Markup:
    line = _SHA.sub(_in_pieces, line)
    line = _entities(_LIVE.sub(lambda found: found[0] + _BREAK, line))
    line = _BLOCK_START.sub(lambda found: f"{found[1]}&#{ord(found[2])};", line)
    return Markup(line.replace("$", "<span>$</span>"))  # noqa: S704 - this is the escaping


def _in_pieces(found: re.Match[str]) -> str:
    return _BREAK.join(re.findall(f".{{1,{_SHA_PIECE}}}", found[0]))


def _entities(line: str) -> str:
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", line)


def _longest_run(character: str, within: str) -> int:
    runs: Iterable[str] = re.findall(re.escape(character) + "+", within)
    return max(map(len, runs), default=0)
