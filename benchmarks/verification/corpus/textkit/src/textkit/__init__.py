"""Small helpers for text that people read."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum

ELLIPSIS = "…"


def slugify(title: str) -> str:
    """Lower-case ASCII words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower())) or "untitled"


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters of a text, with an ellipsis where some are left out."""
    if limit < 1:
        raise ValueError(f"a limit is at least 1: {limit}")
    if len(text) <= limit:
        return text
    cut = text[:limit]
    if " " in cut:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip() + ELLIPSIS


def table(rows: Iterable[Sequence[object]]) -> str:
    """Rows in aligned columns."""
    lines = [list(row) for row in rows]
    if len({len(line) for line in lines}) > 1:
        raise ValueError("the rows of a table have the same number of columns")
    widths = [max(len(str(cell)) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            str(cell).rjust(width) if _is_number(cell) else str(cell).ljust(width)
            for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def top_words(text: str, n: int) -> list[tuple[str, int]]:
    """The most frequent words."""
    counts = Counter(re.findall(r"\w+", text.lower()))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n]


def _is_number(cell: object) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


class Markers(Enum):
    """What stands before and after a match."""

    BOLD = ("**", "**")
    HTML = ("<mark>", "</mark>")

    @property
    def before(self) -> str:
        """The opening marker."""
        return self.value[0]

    @property
    def after(self) -> str:
        """The closing marker."""
        return self.value[1]


class Highlighter:
    """Wraps words in markers."""

    def __init__(self, *words: str, markers: Markers = Markers.BOLD) -> None:
        self.markers = markers
        alternatives = "|".join(re.escape(word) for word in words)
        self._pattern = re.compile(rf"\b({alternatives})\b", re.IGNORECASE) if words else None

    def __call__(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(
            lambda match: f"{self.markers.before}{match[0]}{self.markers.after}", text
        )

    def __or__(self, other: Highlighter) -> Highlighter:
        both = Highlighter(markers=self.markers)
        patterns = [each._pattern.pattern for each in (self, other) if each._pattern is not None]
        both._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None
        return both
