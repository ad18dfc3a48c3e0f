"""OpenHands jobs: submit them without waiting, collect them by polling.

:class:`Jobs` schedules and never works itself: creating a conversation and judging what came back
are handed to an executor, one look a poll asks for all conversations at once, and every state
changes on the thread that collects.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spec_to_production.errors import OpenHandsError, ServerLostError, ServerStartError
from spec_to_production.generation.flight import Flight, Phase
from spec_to_production.generation.intake import admit
from spec_to_production.generation.plan import repair_path
from spec_to_production.generation.prompts import Prompts
from spec_to_production.openhands.interface import Assignment, Model, OpenHands, State
from spec_to_production.progress import Progress
from spec_to_production.results import (
    FailureCause,
    GeneratedFile,
    Job,
    JobStatus,
    Task,
    TestVerdict,
)
from spec_to_production.snapshot import Snapshot
from spec_to_production.timeline import Timeline

Judge = Callable[[Sequence[GeneratedFile]], Sequence[TestVerdict]]
"""Judges the files of one job; the verdicts decide whether something goes back for repair."""

_AT_WORK = {"idle", "running", "unknown"}


@dataclass(frozen=True)
class Terms:
    """What the jobs may use.

    Attributes:
        model: The language model.
        max_parallel: Most conversations in flight at once.
        max_iterations: Most steps of the agent in one conversation.
        job_timeout_s: Seconds from a conversation's start, and again from each repair's.
        poll_interval_s: Seconds between two looks.
        repair_rounds: How often rejected tests go back.
    """

    model: Model
    max_parallel: int
    max_iterations: int
    job_timeout_s: float
    poll_interval_s: float
    repair_rounds: int


class Jobs:
    """The jobs of one run.

    Args:
        openhands: Where conversations run.
        executor: Does what takes time; one that works at once makes everything sequential.
        terms: What the jobs may use.
        snapshot: The code that every conversation gets a copy of.
        prompts: Words for nudges and repairs.
        finish_task: Called just before a task is sent, to add what is known by then.
        timeline: Measures submission and collection.
        progress: Told about every change.
        scratch: A folder for temporary copies.
        clock: Monotonic seconds, for deadlines.
    """

    def __init__(
        self,
        *,
        openhands: OpenHands,
        executor: Executor,
        terms: Terms,
        snapshot: Snapshot,
        prompts: Prompts,
        finish_task: Callable[[Task], Task],
        timeline: Timeline,
        progress: Progress,
        scratch: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._openhands = openhands
        self._executor = executor
        self._terms = terms
        self._snapshot = snapshot
        self._prompts = prompts
        self._finish_task = finish_task
        self._timeline = timeline
        self._progress = progress
        self._scratch = scratch
        self._clock = clock
        self._flights: dict[str, Flight] = {}
        self._something_happened = threading.Event()

    def submit_tasks(self, tasks: Sequence[Task]) -> list[str]:
        """Take the tasks on and return their ids at once; they are sent as places get free."""
        with self._timeline.measure("openhands_submission"):
            self._flights.update({task.id: Flight(task) for task in tasks})
        return [task.id for task in tasks]

    def collect_results(self, submitted_tasks: Collection[str], judge: Judge) -> Iterator[Job]:
        """Poll until every submitted task has ended; give each job as soon as it has.

        Judging goes on in the executor while others are polled. Rejected tests go back to
        their conversation as often as the terms allow, disputed ones never.
        """
        flights = [self._flights[task_id] for task_id in submitted_tasks]
        while any(flight.phase is not Phase.ENDED for flight in flights):
            self._something_happened.clear()
            self._send_waiting(flights)
            self._look_at_pending(flights)
            self._look_at_working(flights, judge)
            for flight in flights:
                if flight.phase is Phase.ENDED and flight.ended_ms is None:
                    yield self._close(flight)
            self._progress.flush()
            self._pause(flights)

    def cancel(self) -> list[Job]:
        """End everything that has not ended; what was collected until now stays."""
        for flight in self._flights.values():
            if flight.ended_ms is None:
                flight.end("cancelled", "interrupted", "The run was interrupted.")
                flight.ended_ms = self._timeline.now_ms()
        return self.jobs()

    def withdraw(self) -> list[Job]:
        """Cancel, and interrupt what is running on the server."""
        for flight in self._flights.values():
            if flight.phase is Phase.WORKING:
                with contextlib.suppress(OpenHandsError):  # closing the server ends it anyway
                    self._openhands.interrupt(flight.conversation)
        return self.cancel()

    def jobs(self) -> list[Job]:
        """Every job as it stands, in the order of submission."""
        return [flight.job() for flight in self._flights.values()]

    def tasks(self) -> list[Task]:
        """Every task as it was sent."""
        return [flight.task for flight in self._flights.values()]

    # --- sending -----------------------------------------------------------------------------

    def _send_waiting(self, flights: Sequence[Flight]) -> None:
        in_flight = sum(f.phase not in {Phase.WAITING, Phase.ENDED} for f in flights)
        waiting = [flight for flight in flights if flight.phase is Phase.WAITING]
        for flight in waiting[: max(0, self._terms.max_parallel - in_flight)]:
            flight.phase = Phase.CREATING
            self._start(flight, self._create, flight.task, flight.conversation)

    def _create(self, task: Task, conversation: uuid.UUID) -> tuple[Task, float]:
        with self._timeline.measure("openhands_submission"):
            self._openhands.wait_until_ready()
            finished = self._finish_task(task)
            assignment = Assignment(
                conversation, finished.prompt, self._terms.model, self._terms.max_iterations
            )
            submitted_ms = self._timeline.now_ms()
            self._openhands.create(assignment, self._snapshot.path)
        return finished, submitted_ms

    # --- looking -----------------------------------------------------------------------------

    def _look_at_pending(self, flights: Sequence[Flight]) -> None:
        for flight in flights:
            if flight.pending is None or not flight.pending.done():
                continue
            done, flight.pending = flight.pending, None
            try:
                outcome = done.result()
            except OpenHandsError as error:
                flight.end("failed", _cause(error), str(error))
                continue
            if flight.phase is Phase.CREATING:
                flight.task, flight.submitted_ms = outcome
                self._go_on(flight)
                self._progress.tell(f"{flight.task.id}: submitted")
            else:
                self._send_back(flight, outcome)

    def _look_at_working(self, flights: Sequence[Flight], judge: Judge) -> None:
        working = [flight for flight in flights if flight.phase is Phase.WORKING]
        if not working:
            return
        with self._timeline.measure("openhands_collection"):
            for flight, state in self._states(working):
                self._advance(flight, state, judge)

    def _states(self, working: Sequence[Flight]) -> list[tuple[Flight, State | None]]:
        """One look at all of them. A look that fails says nothing; a lost server says it all."""
        try:
            states: Mapping[uuid.UUID, State | None] = self._openhands.states(
                [flight.conversation for flight in working]
            )
        except ServerLostError as error:
            for flight in working:
                self._collect(flight)
                flight.end("failed", "server_lost", str(error))
            return []
        except OpenHandsError as error:
            self._progress.tell(f"a look at the jobs failed: {error.message}")
            states = {flight.conversation: State("unknown", flight.usage) for flight in working}
        return [(flight, states.get(flight.conversation)) for flight in working]

    def _advance(self, flight: Flight, state: State | None, judge: Judge) -> None:
        if state is None:
            flight.end("failed", "server_lost", "The server does not know the conversation.")
            return
        flight.usage = state.usage
        if state.status in _AT_WORK:
            if self._clock() > flight.deadline:
                self._time_out(flight, judge)
        elif state.status == "finished":
            self._finished(flight, judge)
        elif state.status in {"error", "stuck"}:
            failure = self._openhands.failure(flight.conversation)
            self._ended_badly(flight, "failed", failure.cause, failure.message, judge)
        else:
            message = f"The conversation is {state.status}, and nobody here asked for that."
            self._ended_badly(flight, "failed", "unknown", message, judge)

    def _finished(self, flight: Flight, judge: Judge) -> None:
        self._collect(flight)
        if flight.output_path in flight.files:
            self._progress.tell(f"{flight.task.id}: collected {flight.output_path}")
            self._start_judging(flight, judge)
        elif flight.repairs:
            flight.end("succeeded", message="No repaired test came back.")
        elif flight.nudges == 0:
            flight.nudges = 1
            self._progress.tell(f"{flight.task.id}: finished without its file, asked once more")
            self._say(flight, self._prompts.nudge(flight.output_path))
        elif flight.output_path in flight.refused:
            reason = flight.refused[flight.output_path].reason
            flight.end("failed", "refused_files", f"{flight.output_path} was refused: {reason}.")
        else:
            flight.end(
                "failed",
                "no_work",
                f"The agent finished twice without creating {flight.output_path}.",
            )

    def _time_out(self, flight: Flight, judge: Judge) -> None:
        try:
            self._openhands.interrupt(flight.conversation)
        except OpenHandsError as error:
            self._progress.tell(f"{flight.task.id}: could not be interrupted: {error.message}")
        message = f"Not done within {self._terms.job_timeout_s:g} s; interrupted."
        self._ended_badly(flight, "timed_out", "deadline", message, judge)

    def _ended_badly(
        self,
        flight: Flight,
        status: JobStatus,
        cause: FailureCause,
        message: str,
        judge: Judge,
    ) -> None:
        """What a failed conversation had written by then is still judged."""
        self._collect(flight)
        flight.end(status, cause, message)
        if flight.output_path in flight.files:
            self._start_judging(flight, judge)

    # --- collecting, judging, sending back ---------------------------------------------------

    def _collect(self, flight: Flight) -> None:
        allowed = {flight.task.output_path, flight.output_path}
        try:
            patch = self._openhands.patch(flight.conversation)
        except OpenHandsError as error:
            flight.message = f"Its files could not be collected: {error.message}"
            return
        intake = admit(patch, self._snapshot, allowed, self._scratch)
        # What was judged before stays as it was judged, whatever the agent did to it since.
        flight.files = {**{file.path: file for file in intake.files}, **flight.files}
        known = {repair_path(flight.task.output_path, n) for n in range(1, flight.repairs)}
        flight.refused = {file.path: file for file in intake.refused if file.path not in known}

    def _start_judging(self, flight: Flight, judge: Judge) -> None:
        flight.phase = Phase.JUDGING
        self._start(flight, judge, [flight.files[flight.output_path]])

    def _send_back(self, flight: Flight, verdicts: Sequence[TestVerdict]) -> None:
        rejected = [test for test in verdicts if test.verdict == "rejected"]
        ended_well = flight.status == "succeeded"
        if not (rejected and ended_well and flight.repairs < self._terms.repair_rounds):
            flight.phase = Phase.ENDED
            return
        flight.repairs += 1
        self._progress.tell(f"{flight.task.id}: {len(rejected)} tests go back for repair")
        self._say(flight, self._prompts.repair(rejected, flight.output_path))

    def _say(self, flight: Flight, text: str) -> None:
        try:
            self._openhands.say(flight.conversation, text)
        except OpenHandsError as error:
            flight.message = f"The conversation could not go on: {error.message}"
            flight.phase = Phase.ENDED
            if not flight.files:
                flight.end("failed", "server_lost", flight.message)
            return
        self._go_on(flight)

    def _go_on(self, flight: Flight) -> None:
        flight.phase = Phase.WORKING
        flight.deadline = self._clock() + self._terms.job_timeout_s

    def _close(self, flight: Flight) -> Job:
        flight.ended_ms = self._timeline.now_ms()
        if flight.submitted_ms is not None and flight.cause != "server_lost":
            try:
                self._openhands.delete(flight.conversation)
            except OpenHandsError as error:
                self._progress.tell(f"{flight.task.id}: not deleted: {error.message}")
        job = flight.job()
        why = f" ({job.cause}): {job.message}" if job.cause else ""
        self._progress.tell(f"{job.task_id}: {job.status}{why}")
        return job

    # --- waiting -----------------------------------------------------------------------------

    def _start(self, flight: Flight, work: Callable[..., Any], *args: object) -> None:
        flight.pending = self._executor.submit(work, *args)
        flight.pending.add_done_callback(lambda _: self._something_happened.set())

    def _pause(self, flights: Sequence[Flight]) -> None:
        """Wait for the next look, or for something pending to end."""
        if all(flight.phase is Phase.ENDED for flight in flights):
            return
        if any(flight.phase is Phase.WORKING for flight in flights):
            with self._timeline.measure("openhands_collection"):
                self._something_happened.wait(self._terms.poll_interval_s)
        else:
            self._something_happened.wait(self._terms.poll_interval_s)


def _cause(error: OpenHandsError) -> FailureCause:
    return "server_lost" if isinstance(error, ServerLostError | ServerStartError) else "unknown"
