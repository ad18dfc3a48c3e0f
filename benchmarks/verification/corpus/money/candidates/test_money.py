"""Bears the name of the suite that is there: merged, it would replace it."""

from money import Money, parse


def test_adding_two_amounts():
    assert Money(1, "EUR") + Money(1, "EUR") == Money(2, "EUR")


def test_parse_plain_amount():
    assert parse("0.01 EUR").units == 1
