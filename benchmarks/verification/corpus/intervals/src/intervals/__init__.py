from intervals.calendar import Calendar, Conflict
from intervals.interval import Interval, gaps, merge

__all__ = ["Calendar", "Conflict", "Interval", "gaps", "merge"]
