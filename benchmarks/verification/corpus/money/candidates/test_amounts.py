"""What an assistant would write first: plain tests, most of them sound."""

from dataclasses import FrozenInstanceError

import pytest

from money import CurrencyMismatch, Money, percent


@pytest.mark.requirement("FR-2")
def test_subtraction_may_go_below_zero():
    assert Money(100, "EUR") - Money(250, "EUR") == Money(-150, "EUR")


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_currencies_do_not_mix(operation):
    with pytest.raises(CurrencyMismatch, match="EUR and USD"):
        getattr(Money(1, "EUR"), operation)(Money(1, "USD"))


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize("currency", ["eur", "EURO", "E1R", ""])
def test_currency_is_three_capital_letters(currency):
    with pytest.raises(ValueError, match="not a currency"):
        Money(1, currency)


@pytest.mark.requirement("FR-1")
def test_amounts_cannot_be_changed():
    amount = Money(5, "EUR")
    with pytest.raises(FrozenInstanceError):
        amount.units = 6
    assert amount.units == 5


@pytest.mark.requirement("FR-2")
def test_multiplied_from_either_side():
    assert Money(7, "EUR") * 3 == 3 * Money(7, "EUR") == Money(21, "EUR")


@pytest.mark.requirement("FR-3")
def test_percent_runs_through():
    """Computes VAT for a typical invoice."""
    vat = percent(Money(1999, "EUR"), "7.7")
    print("VAT is", vat)


@pytest.mark.requirement("FR-2")
def test_comparison_is_total():
    small, large = Money(1, "EUR"), Money(2, "EUR")
    assert (small < large, "smaller amounts come first")


@pytest.mark.requirement("FR-2")
def test_multiplying_by_a_float_rounds():
    assert Money(10, "EUR") * 1.5 == Money(15, "EUR")
