"""In which order tasks are sent, and how often they are looked at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from spec_to_production.results import Component, Task

_SHORTEST_PAUSE_S, _SHARE_OF_THE_AGE = 0.5, 0.01


def in_order(
    tasks: Sequence[Task], component: Component, seconds: Mapping[str, float]
) -> list[Task]:
    """The most valuable class first; in a class the longest expected, so that it ends soonest.

    Args:
        tasks: With their priorities.
        component: Modules that were never measured are compared by their length.
        seconds: How long tasks took before, by id.
    """
    lines = {module.path: module.lines for module in component.modules}
    per_line = _seconds_per_line(tasks, lines, seconds)

    def rank(task: Task) -> tuple[int, float, str]:
        expected = seconds.get(task.id, lines.get(task.module, 0) * per_line)
        return (-value_class(task), -expected, task.id)

    return sorted(tasks, key=rank)


def value_class(task: Task) -> int:
    """The order of magnitude of a task's priority.

    One requirement of high priority is worth ten of medium and a hundred of low priority.
    """
    return int(math.log10(max(task.priority, 1)))


def until_next_look(ages_s: Iterable[float], most_s: float) -> float:
    """Seconds to wait between two looks.

    The end of a job is to be noticed within a second or 2 % of its duration, whichever is longer.
    Half of that is waited for at most: the look itself takes time as well.

    Args:
        ages_s: For how long the agents have been at work.
        most_s: Never longer than that.
    """
    youngest = min(ages_s, default=0)
    return min(most_s, max(_SHORTEST_PAUSE_S, _SHARE_OF_THE_AGE * youngest))


def _seconds_per_line(
    tasks: Sequence[Task], lines: Mapping[str, int], seconds: Mapping[str, float]
) -> float:
    measured = [task for task in tasks if task.id in seconds]
    length = sum(lines.get(task.module, 0) for task in measured)
    return sum(seconds[task.id] for task in measured) / length if length else 1.0
