"""How long tasks took in earlier runs."""

from __future__ import annotations

from collections.abc import Sequence

from spec_to_production.generation.remembered import Remembered
from spec_to_production.results import Job

_WEIGHT_OF_THE_NEW = 0.5
_MOST_KNOWN = 10_000


class Durations(Remembered[float]):
    """Seconds that tasks took in earlier runs, by id."""

    file = "durations.json"

    def learn(self, jobs: Sequence[Job]) -> Durations:
        """With the jobs that were answered in this run; the newer counts as much as all before.

        What the judge and repairs took is not the agent's time: it is left out.
        """
        known = dict(self.root)
        for job in jobs:
            if job.submitted_ms is not None and job.answered_ms is not None:
                seconds = (job.answered_ms - job.submitted_ms) / 1000
                before = known.pop(job.task_id, seconds)
                known[job.task_id] = before + _WEIGHT_OF_THE_NEW * (seconds - before)
        return Durations(dict(list(known.items())[-_MOST_KNOWN:]))
