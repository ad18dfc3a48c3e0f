import datetime
import json
import random
from datetime import date
from unittest import TestCase, mock, skip

import pytest

import dates.arithmetic
from dates import age_on, is_due

LEAP = date(2004, 2, 29)


class AgeTest(TestCase):
    """FR-3: age in whole years."""

    def test_the_day_before_and_the_birthday(self):
        """FR-3"""
        born = date(2000, 6, 15)
        self.assertEqual(age_on(born, date(2026, 6, 14)), 25)
        self.assertEqual(age_on(born, date(2026, 6, 15)), 26)

    def test_born_today(self):
        """FR-3"""
        self.assertEqual(age_on(LEAP, LEAP), 0)

    def test_before_the_birth(self):
        """FR-3"""
        with self.assertRaisesRegex(ValueError, "2004-02-28 is before the birth on 2004-02-29"):
            age_on(LEAP, date(2004, 2, 28))

    def test_born_in_a_leap_year_first_of_march(self):
        """FR-3"""
        self.assertEqual(age_on(LEAP, date(2022, 3, 1)), 18)

    def test_born_in_a_leap_year_still_a_minor_on_28_february(self):
        """FR-3"""
        self.assertEqual(age_on(LEAP, date(2022, 2, 28)), 17)

    def test_leap_day_in_a_leap_year(self):
        """FR-3"""
        self.assertEqual(age_on(LEAP, date(2024, 2, 28)), 19)
        self.assertEqual(age_on(LEAP, date(2024, 2, 29)), 20)

    def test_every_year_changes_on_the_first_of_march(self):
        """FR-3"""
        for year in (2021, 2022, 2023):
            with self.subTest(year=year):
                step = age_on(LEAP, date(year, 3, 1)) - age_on(LEAP, date(year, 2, 28))
                self.assertEqual(step, 1)

    @skip("dates before 1900: to be decided")
    def test_very_old_people(self):
        """FR-3"""
        self.assertEqual(age_on(date(1899, 1, 1), date(2026, 1, 1)), 126)

    def test_age_next_year(self):
        """FR-3"""
        self.assertTrue((age_on(date(2000, 1, 1), date(2026, 1, 1)) == 27, "one year older"))


@pytest.mark.requirement("FR-5")
def test_due_today_and_before():
    day = date(2026, 5, 1)
    assert is_due(day, today=day)
    assert is_due(day, today=date(2026, 5, 2))
    assert not is_due(day, today=date(2026, 4, 30))


@pytest.mark.requirement("FR-5")
def test_present_day_is_in_utc():
    today = datetime.datetime.now(datetime.UTC).date()
    assert is_due(today - datetime.timedelta(days=1))
    assert not is_due(today + datetime.timedelta(days=2))


@pytest.mark.requirement("FR-5")
def test_asks_for_utc():
    with mock.patch.object(dates.arithmetic, "datetime") as clock:
        clock.now.return_value = datetime.datetime(2026, 5, 1, 23, 59, tzinfo=datetime.UTC)
        assert is_due(date(2026, 5, 1))
        assert not is_due(date(2026, 5, 2))
    clock.now.assert_called_with(datetime.UTC)


@pytest.mark.requirement("FR-5")
def test_due_is_serialisable():
    json.dumps(is_due(date(2026, 5, 1)))


@pytest.mark.requirement("FR-3")
def test_age_of_a_random_person():
    born = date(2000, 1, 1) + datetime.timedelta(days=random.randrange(365))
    assert age_on(born, date(2026, 12, 24)) == 26


@pytest.mark.requirement("FR-5")
def test_local_day_is_due():
    assert is_due(datetime.date.today()) is True
