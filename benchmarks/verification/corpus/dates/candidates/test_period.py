from datetime import date

import pytest

from dates import Period


class TestPeriod:
    @pytest.mark.requirement("FR-4")
    @pytest.mark.parametrize(
        ("text", "period"),
        [
            ("1y2m10d", Period(1, 2, 10)),
            ("18m", Period(months=18)),
            ("0d", Period()),
            ("3y1d", Period(years=3, days=1)),
        ],
    )
    def test_reads_and_writes(self, text, period):
        assert Period.parse(text) == period
        assert str(period) == text

    @pytest.mark.requirement("FR-4")
    @pytest.mark.parametrize("text", ["", "1", "1d1y", "-1d", "1.5y", "1y 2m"])
    def test_text_that_is_none(self, text):
        with pytest.raises(ValueError, match="not a period"):
            Period.parse(text)

    @pytest.mark.requirement("FR-4")
    def test_largest_unit_first(self):
        assert date(2026, 1, 31) + Period(months=1, days=1) == date(2026, 3, 1)
        assert date(2024, 2, 29) + Period(years=1) == date(2025, 2, 28)

    @pytest.mark.requirement("FR-4")
    def test_sum(self):
        assert Period(1, 2, 3) + Period(4, 5, 6) == Period(5, 7, 9)

    @pytest.mark.requirement("FR-4")
    def test_not_added_to_numbers(self):
        with pytest.raises(TypeError):
            Period(1) + 1
        with pytest.raises(TypeError):
            1 + Period(1)

    @pytest.mark.requirement("FR-4")
    def test_a_year_is_as_long_as_twelve_months(self):
        assert Period(years=1) <= Period(months=13)
        assert not Period(years=1) < Period(months=12)
        assert Period(days=5) > Period(days=4)

    @pytest.mark.requirement("FR-4")
    def test_default_is_no_time(self):
        assert (Period().years, Period().months, Period().days) == (0, 0, 0)

    @pytest.mark.requirement("FR-4")
    def test_period_can_be_a_key(self):
        assert {Period(1): "a"}[Period(1)] == "a"
        assert Period(1) != Period(2)

    @pytest.mark.requirement("FR-4")
    def test_months_are_carried(self):
        assert Period(months=11) + Period(months=2) == Period(years=1, months=1)

    @pytest.mark.requirement("FR-4")
    def test_period_equals_its_twin(self):
        period = Period.parse("1y")
        twin = period
        assert period is twin

    @pytest.mark.requirement("FR-4")
    def test_sums_are_lists(self):
        assert [Period(1) + Period(2) for _ in ()] == []
