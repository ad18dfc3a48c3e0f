"""Lines of an access log."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Entry:
    """One request."""

    at: datetime
    status: int
    milliseconds: float = field(compare=False)
    path: str = field(compare=False)

    @property
    def is_error(self) -> bool:
        """Whether the server was at fault."""
        return self.status >= 500

    @classmethod
    def from_line(cls, line: str) -> Entry:
        """Read one line; ``ValueError`` when it is none."""
        at, status, milliseconds, path = line.split(maxsplit=3)
        if not 100 <= int(status) <= 599:
            raise ValueError(f"not a status: {status}")
        return cls(
            datetime.fromisoformat(at),
            int(status),
            float(milliseconds),
            path.strip().partition("?")[0],
        )


@dataclass(frozen=True)
class Summary:
    """What happened."""

    entries: int
    errors: int
    p95: float | None
    paths: dict[str, int]


def read_lines(lines: Iterable[str], skipped: list[str] | None = None) -> Iterator[Entry]:
    """The entries; lines that are none go to ``skipped``."""
    for line in lines:
        if not line.strip():
            continue
        try:
            yield Entry.from_line(line)
        except ValueError as error:
            log.warning("skipped %r: %s", line, error)
            if skipped is not None:
                skipped.append(line)


def summarise(entries: Iterable[Entry]) -> Summary:
    """Count and measure."""
    every = list(entries)
    return Summary(
        entries=len(every),
        errors=sum(entry.is_error for entry in every),
        p95=percentile([entry.milliseconds for entry in every], 95),
        paths=dict(Counter(entry.path for entry in every).most_common()),
    )


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile; ``None`` of nothing."""
    if not values:
        return None
    rank = len(values) * percent // 100
    return sorted(values)[min(rank, len(values) - 1)]
