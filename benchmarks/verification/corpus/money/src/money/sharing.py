"""Shares of an amount: percentages and splits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from money.amount import Money


def percent(amount: Money, rate: Decimal | int | str) -> Money:
    """The given percentage of an amount, in whole units."""
    share = Decimal(rate)
    if share < 0:
        raise ValueError(f"a rate is not negative: {rate}")
    exact = Decimal(amount.units) * share / 100
    return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), amount.currency)


def allocate(amount: Money, weights: Sequence[int]) -> list[Money]:
    """Split an amount in proportion to the weights without losing a unit."""
    total = sum(weights)
    if not weights or any(weight < 0 for weight in weights) or total == 0:
        raise ValueError(f"weights must be positive numbers: {list(weights)}")
    shares = [amount.units * weight // total for weight in weights]
    for index in range(amount.units - sum(shares)):
        shares[index] += 1
    return [Money(share, amount.currency) for share in shares]
