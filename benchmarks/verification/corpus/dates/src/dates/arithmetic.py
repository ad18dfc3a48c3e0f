"""Days, months and years."""

from __future__ import annotations

import calendar
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

SATURDAY = 5


def add_months(day: date, months: int) -> date:
    """Move by months; a day that the month does not have becomes its last one."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def working_days(first: date, last: date, holidays: Collection[date] = ()) -> int:
    """Mondays to Fridays that are no holidays, both ends included."""
    count = 0
    day = first
    while day <= last:
        if day.weekday() < SATURDAY and day not in holidays:
            count += 1
        day += timedelta(days=1)
    return count


def age_on(born: date, day: date) -> int:
    """The age in whole years."""
    if day < born:
        raise ValueError(f"{day} is before the birth on {born}")
    birthday = add_months(born, 12 * (day.year - born.year))
    return day.year - born.year - (day < birthday)


def is_due(day: date, today: date | None = None) -> bool:
    """Whether a day has come."""
    if today is None:
        today = datetime.now(UTC).date()
    return day <= today
