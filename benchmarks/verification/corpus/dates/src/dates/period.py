"""Lengths of time in years, months and days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering

from dates.arithmetic import add_months

_TEXT = re.compile(r"(?:(\d+)y)?(?:(\d+)m)?(?:(\d+)d)?")


@total_ordering
@dataclass(frozen=True)
class Period:
    """Years, months and days."""

    years: int = 0
    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``1y2m10d``."""
        match = _TEXT.fullmatch(text)
        if not text or match is None:
            raise ValueError(f"not a period: {text!r}")
        return cls(*(int(part or 0) for part in match.groups()))

    def __add__(self, other: Period) -> Period:
        if not isinstance(other, Period):
            return NotImplemented
        return Period(
            self.years + other.years, self.months + other.months, self.days + other.days
        )

    def __radd__(self, day: date) -> date:
        if not isinstance(day, date):
            return NotImplemented
        return add_months(day, 12 * self.years + self.months) + timedelta(days=self.days)

    def __lt__(self, other: Period) -> bool:
        return self._roughly() < other._roughly()

    def __str__(self) -> str:
        parts = [(self.years, "y"), (self.months, "m"), (self.days, "d")]
        return "".join(f"{count}{unit}" for count, unit in parts if count) or "0d"

    def _roughly(self) -> tuple[int, int]:
        return 12 * self.years + self.months, self.days
