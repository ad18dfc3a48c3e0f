from datetime import date, timedelta

import pytest

from dates import add_months, working_days

JANUARY_31 = date(2026, 1, 31)


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (JANUARY_31, 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (JANUARY_31, 0, JANUARY_31),
        (date(2026, 11, 15), 2, date(2027, 1, 15)),
        (date(2026, 12, 15), 12, date(2027, 12, 15)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
    ],
)
def test_add_months(day, months, expected):
    assert add_months(day, months) == expected


@pytest.mark.requirement("FR-1")
def test_there_and_back_in_the_middle_of_a_month():
    for months in range(-30, 31):
        moved = add_months(date(2026, 6, 15), months)
        assert moved.day == 15
        assert add_months(moved, -months) == date(2026, 6, 15)


@pytest.mark.requirement("FR-2")
def test_a_week_has_five_working_days():
    assert working_days(date(2026, 6, 1), date(2026, 6, 7)) == 5


@pytest.mark.requirement("FR-2")
def test_both_ends_are_included():
    friday = date(2026, 6, 5)
    assert working_days(friday, friday) == 1
    assert working_days(friday, friday + timedelta(days=3)) == 2


@pytest.mark.requirement("FR-2")
def test_holidays_are_taken_off_once():
    monday, saturday = date(2026, 6, 1), date(2026, 6, 6)
    assert working_days(monday, saturday, {monday, saturday}) == 4
    assert working_days(monday, saturday, [monday, monday]) == 4


@pytest.mark.requirement("FR-2")
def test_last_before_first():
    assert working_days(date(2026, 6, 5), date(2026, 6, 1)) == 0


@pytest.mark.requirement("FR-1")
def test_month_end_sticks():
    assert add_months(add_months(JANUARY_31, 1), 1) == date(2026, 3, 31)


@pytest.mark.requirement("FR-1")
def test_adding_a_month_gives_a_day():
    moved = add_months(JANUARY_31, 1)
    assert moved <= moved
    assert moved == add_months(day=JANUARY_31, months=1)


@pytest.mark.requirement("FR-2")
def test_working_days_of_this_week():
    monday = date.today() - timedelta(days=date.today().weekday())
    assert working_days(date.today(), monday + timedelta(days=6)) >= 1
