import math
import random
import unittest
from decimal import Decimal

import pytest

from money import Money, allocate, percent


class TestPercent:
    """FR-3"""

    @pytest.mark.requirement("FR-3")
    @pytest.mark.parametrize(
        ("units", "rate", "expected"),
        [(210, 5, 10), (230, 5, 12), (250, 1, 2)],
        ids=["ten and a half", "eleven and a half", "two and a half"],
    )
    def test_rounds_half_to_even(self, units, rate, expected):
        assert percent(Money(units, "EUR"), rate) == Money(expected, "EUR")

    @pytest.mark.requirement("FR-3")
    def test_discount_on_one_line_of_the_invoice(self):
        discount = percent(Money(450, "EUR"), 1)
        assert discount.units == 4, "4.5 cents is 4 cents: half to even"

    @pytest.mark.requirement("FR-3")
    def test_negative_rate_is_refused(self):
        with pytest.raises(ValueError, match="not negative"):
            percent(Money(100, "EUR"), Decimal("-0.1"))

    def test_five_percent_of_two_ten(self):
        """Documents what the function does today."""
        assert percent(Money(210, "EUR"), 5) == Money(11, "EUR")


class AllocateCase(unittest.TestCase):
    """FR-4, in the style of the standard library."""

    def test_left_over_units_go_to_the_first(self):
        """FR-4"""
        shares = [share.units for share in allocate(Money(100, "EUR"), [1, 1, 1])]
        self.assertEqual(shares, [34, 33, 33])

    def test_refuses_useless_weights(self):
        """FR-4"""
        for weights in ([], [0, 0], [2, -1]):
            with self.subTest(weights=weights), self.assertRaises(ValueError):
                allocate(Money(100, "EUR"), weights)

    def test_nothing_is_lost(self):
        """FR-4: over many splits, made up with a fixed seed."""
        made_up = random.Random(7)
        for _ in range(200):
            amount = Money(made_up.randrange(100_000), "EUR")
            weights = [made_up.randrange(1, 9) for _ in range(made_up.randrange(1, 6))]
            self.assertEqual(sum(allocate(amount, weights), Money(0, "EUR")), amount)


@pytest.mark.requirement("FR-4")
def test_splitting_a_random_bill_between_three():
    bill = Money(random.randint(1000, 9999), "EUR")
    first, _, last = allocate(bill, [1, 1, 1])
    assert first.units == last.units


@pytest.mark.requirement("FR-4")
def test_splitting_between_two_guests_is_fair():
    bill = Money(random.randrange(10_000), "EUR")
    one, other = allocate(bill, [1, 1])
    assert one == other


@pytest.mark.requirement("FR-4")
def test_share_is_a_whole_number_of_units():
    share = allocate(Money(1001, "EUR"), [2, 1])[0].units
    assert math.floor(share) <= share or share is None
