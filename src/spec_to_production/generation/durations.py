"""How long tasks took in earlier runs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import RootModel, ValidationError

from spec_to_production.results import Job
from spec_to_production.whole import write_whole

_WEIGHT_OF_THE_NEW = 0.5
_MOST_KNOWN = 10_000


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

    def write(self, folder: Path) -> None:
        """Keep them for later runs; a folder that cannot be written costs only the order."""
        with contextlib.suppress(OSError):
            write_whole(_path(folder), self.model_dump_json().encode())


def _path(folder: Path) -> Path:
    return folder / "durations.json"
