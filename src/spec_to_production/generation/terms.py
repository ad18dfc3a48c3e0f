"""What the jobs of a run work with, and what they may use."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from spec_to_production.generation.budget import Budget
from spec_to_production.generation.journal import Journal
from spec_to_production.generation.prompts import Prompts
from spec_to_production.openhands.interface import Model, OpenHands
from spec_to_production.progress import Progress
from spec_to_production.results import GeneratedFile, Task, TestVerdict
from spec_to_production.snapshot import Snapshot
from spec_to_production.timeline import Timeline

Judge = Callable[[Sequence[GeneratedFile]], Sequence[TestVerdict]]
"""Judges the files of some jobs; the verdicts decide whether something goes back for repair."""


@dataclass(frozen=True)
class Terms:
    """What the jobs may use.

    Attributes:
        model: The language model.
        max_parallel: Most conversations in flight at once.
        max_iterations: Most steps of the agent in one conversation.
        job_timeout_s: Seconds for a job from its submission, whatever is asked again in them; a
            repair has as many once more. What is there by then is collected.
        poll_interval_s: Most seconds between two looks.
        repair_rounds: How often rejected tests go back.
        budget: What all jobs together may use.
        fallbacks: The models to go on with, one after another, when one is out of quota.
    """

    model: Model
    max_parallel: int
    max_iterations: int
    job_timeout_s: float
    poll_interval_s: float
    repair_rounds: int
    budget: Budget = field(default_factory=Budget)
    fallbacks: tuple[Model, ...] = ()


@dataclass(frozen=True)
class Means:
    """What the jobs of a run work with.

    Attributes:
        openhands: Where conversations run.
        executor: Does what takes time; one that works at once makes everything sequential.
        terms: What the jobs may use.
        snapshot: The code that every conversation gets a copy of.
        prompts: Words for nudges and repairs.
        timeline: Measures submission and collection.
        progress: Told about every change.
        journal: Records what a later run has to know, should this one die.
        finish_task: Called just before a task is sent, to add what is known by then.
        gap: How many lines of a task's module no test runs, as far as that is known: of tasks of
            about the same value those with more go first.
        keep: Told of every answer in which a test was accepted or disputed.
        keep_trajectory: Takes every step of a task's conversation before that is deleted.
        clock: Monotonic seconds, for deadlines.
    """

    openhands: OpenHands
    executor: Executor
    terms: Terms
    snapshot: Snapshot
    prompts: Prompts
    timeline: Timeline
    progress: Progress
    journal: Journal = field(default_factory=Journal)
    finish_task: Callable[[Task], Task] = lambda task: task
    gap: Callable[[Task], int] = lambda _task: 0
    keep: Callable[[Task, Sequence[GeneratedFile]], None] = lambda _task, _files: None
    keep_trajectory: Callable[[Task, str], None] = lambda _task, _events: None
    clock: Callable[[], float] = time.monotonic
