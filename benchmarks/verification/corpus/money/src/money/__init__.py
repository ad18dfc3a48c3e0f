"""Amounts of money in whole minor units."""

from money.amount import CurrencyMismatch, Money
from money.sharing import allocate, percent
from money.text import display, parse

__all__ = ["CurrencyMismatch", "Money", "allocate", "display", "parse", "percent"]
