"""Amounts as people write them."""

from __future__ import annotations

import re

from money.amount import Money

DECIMALS = {"JPY": 0, "KRW": 0, "BHD": 3}
_AMOUNT = re.compile(r"(-?)(\d+)(?:\.(\d+))? ([A-Z]{3})")


def decimals_of(currency: str) -> int:
    """How many decimals a currency is written with."""
    return DECIMALS.get(currency, 2)


def parse(text: str) -> Money:
    """Read ``12.34 EUR``."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not an amount: {text!r}")
    sign, whole, fraction, currency = match.groups()
    places = decimals_of(currency)
    if len(fraction or "") != places:
        raise ValueError(f"{currency} is written with {places} decimals: {text!r}")
    units = int(whole + (fraction or ""))
    return Money(-units if sign else units, currency)


def display(amount: Money) -> str:
    """Write an amount the way :func:`parse` reads it."""
    places = decimals_of(amount.currency)
    sign = "-" if amount.units < 0 else ""
    digits = str(abs(amount.units)).rjust(places + 1, "0")
    if places == 0:
        return f"{sign}{digits} {amount.currency}"
    return f"{sign}{digits[:-places]}.{digits[-places:]} {amount.currency}"
