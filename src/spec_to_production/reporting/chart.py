"""Where the time went: the stages and jobs as bars, all in milliseconds since the run's start."""

from __future__ import annotations

from typing import NamedTuple

from spec_to_production.reporting import words
from spec_to_production.results import STAGES, WorkflowResult


class Bar(NamedTuple):
    """One thing that took time."""

    name: str
    start_ms: float
    end_ms: float
    note: str = ""

    @property
    def duration_ms(self) -> float:
        """How long it took."""
        return self.end_ms - self.start_ms


class Lane(NamedTuple):
    """Bars of one kind."""

    name: str
    bars: tuple[Bar, ...]


def lanes(result: WorkflowResult) -> tuple[Lane, ...]:
    """The stages that ran, and the jobs that were submitted; no lane is empty."""
    stages = tuple(
        Bar(words.STAGE_NAMES[name], timing.started_ms, timing.ended_ms)
        for name in STAGES
        if (timing := result.stage_timings.get(name))
    )
    jobs = tuple(
        Bar(
            words.job_name(number, job, result.component),
            job.submitted_ms,
            job.ended_ms,
            words.JOB_STATUS[job.status],
        )
        for number, job in enumerate(result.jobs, 1)
        if job.submitted_ms is not None and job.ended_ms is not None
    )
    return tuple(lane for lane in (Lane("stages", stages), Lane("jobs", jobs)) if lane.bars)
