"""Dates as contracts use them."""

from dates.arithmetic import add_months, age_on, is_due, working_days
from dates.period import Period

__all__ = ["Period", "add_months", "age_on", "is_due", "working_days"]
