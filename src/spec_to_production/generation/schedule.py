"""In which order tasks are sent, how often they are looked at, and how long they took before."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import RootModel, ValidationError

from spec_to_production.generation.whole import write_whole
from spec_to_production.results import Component, Job, Task

_SHORTEST_PAUSE_S, _SHARE_OF_THE_AGE = 0.5, 0.01
_WEIGHT_OF_THE_NEW = 0.5
_MOST_KNOWN = 10_000


def in_order(
    tasks: Sequence[Task], component: Component, seconds: Mapping[str, float]
) -> list[Task]:
    """The most valuable class first; in a class the longest expected, so that it ends soonest.

    A class holds the tasks of one order of magnitude: with one requirement of high priority, with
    one of medium priority (or ten of low), and the rest.

    Args:
        tasks: With their priorities.
        component: Modules that were never measured are compared by their length.
        seconds: How long tasks took before, by id.
    """
    lines = {module.path: module.lines for module in component.modules}
    per_line = _seconds_per_line(tasks, lines, seconds)

    def rank(task: Task) -> tuple[int, float, str]:
        expected = seconds.get(task.id, lines.get(task.module, 0) * per_line)
        return (-int(math.log10(max(task.priority, 1))), -expected, task.id)

    return sorted(tasks, key=rank)


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


class Durations(RootModel[dict[str, float]]):
    """Seconds that tasks took in earlier runs, by id."""

    @classmethod
    def read(cls, folder: Path) -> Durations:
        """What is known; nothing when the file is missing or not one of ours."""
        try:
            return cls.model_validate_json(_path(folder).read_bytes())
        except (OSError, ValidationError):
            return cls({})

    def learn(self, jobs: Sequence[Job]) -> Durations:
        """With the jobs that did their work in this run; the newer counts as much as all before."""
        known = dict(self.root)
        for job in jobs:
            if job.status == "succeeded" and job.submitted_ms is not None and job.ended_ms:
                seconds = (job.ended_ms - job.submitted_ms) / 1000
                before = known.pop(job.task_id, seconds)
                known[job.task_id] = before + _WEIGHT_OF_THE_NEW * (seconds - before)
        return Durations(dict(list(known.items())[-_MOST_KNOWN:]))

    def write(self, folder: Path) -> None:
        """Keep them for later runs; a folder that cannot be written costs only the order."""
        with contextlib.suppress(OSError):
            write_whole(_path(folder), self.model_dump_json().encode())


def _path(folder: Path) -> Path:
    return folder / "durations.json"


def _seconds_per_line(
    tasks: Sequence[Task], lines: Mapping[str, int], seconds: Mapping[str, float]
) -> float:
    measured = [task for task in tasks if task.id in seconds]
    length = sum(lines.get(task.module, 0) for task in measured)
    return sum(seconds[task.id] for task in measured) / length if length else 1.0
