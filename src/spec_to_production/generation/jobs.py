"""OpenHands jobs: submit them without waiting, collect them by polling.

:class:`Jobs` decides when each task has its turn, and never works itself; what happens to a task
then is its :class:`.course.Course`. One look a poll asks for all conversations at once, and every
state changes on the thread that collects.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence

from spec_to_production.errors import OpenHandsError, fault_of_ours
from spec_to_production.generation import remedies
from spec_to_production.generation.budget import account
from spec_to_production.generation.capacity import Capacity
from spec_to_production.generation.course import DELETED_AT_ONCE, Course
from spec_to_production.generation.flight import Flight, Phase
from spec_to_production.generation.schedule import until_next_look, value_class
from spec_to_production.generation.terms import Judge, Means
from spec_to_production.openhands.interface import Failure, State
from spec_to_production.progress import Sight
from spec_to_production.reporting import words
from spec_to_production.results import GeneratedFile, Job, Problem, Task, Usage

_ON_THE_SERVER = {Phase.SENDING, Phase.WORKING, Phase.COLLECTING}
_TAKEN = {Phase.WORKING, Phase.COLLECTING}
JUDGED_AT_ONCE = 2
"""How many jobs are judged side by side."""


def threads_for(max_parallel: int) -> int:
    """How many threads jobs need, so many of them in flight, for none to wait for another's."""
    return max_parallel + JUDGED_AT_ONCE + DELETED_AT_ONCE


class Jobs:
    """The jobs of one run.

    Args:
        means: What they work with.
        answers: Files that an earlier run got for the same task, by task id.
    """

    def __init__(
        self, means: Means, answers: Mapping[str, Sequence[GeneratedFile]] | None = None
    ) -> None:
        self._means = means
        self._terms = means.terms
        self._timeline = means.timeline
        self._progress = means.progress
        self._answers = answers or {}
        self._flights: dict[str, Flight] = {}
        self._began = means.clock()
        self._next_look = float("-inf")
        self._trouble = ""
        self._is_watchful = True
        self._capacity = Capacity(means.terms.max_parallel, means.clock)
        self._something_happened = threading.Event()
        self._course = Course(means, wake=self._something_happened.set)

    def carry_on(self, earlier: Jobs) -> None:
        """Go on where others broke off: the time, tokens and models that they used up are used."""
        self._began = earlier._began
        self._flights = dict(earlier._flights)
        self._course.carry_on(earlier._course)

    def submit_tasks(self, tasks: Sequence[Task]) -> list[str]:
        """Take the tasks on and return their ids at once; they are sent as places get free."""
        with self._timeline.measure("openhands_submission"):
            self._flights |= {task.id: self._flight(task) for task in tasks}
        return [task.id for task in tasks]

    def collect_results(self, submitted_tasks: Collection[str], judge: Judge) -> Iterator[Job]:
        """Poll until every submitted task has ended; give each job as soon as it has.

        Judging goes on in the executor while others are polled. Rejected tests go back to
        their conversation as often as the terms allow, disputed ones never.
        """
        flights = [self._flights[task_id] for task_id in submitted_tasks]
        while left := [flight for flight in flights if flight.ended_ms is None]:
            self._something_happened.clear()
            for flight in left:
                self._course.settle(flight, self._learn_capacity)
            self._look_at_working(left)
            self._keep_within_budget(left)
            for flight in left:
                self._course.drop_if_late(flight)
            self._judge_collected(left, judge)
            self._stop_if_shut_out(left)
            self._send_waiting(left)
            for flight in left:
                if flight.phase is Phase.ENDED:
                    yield self._close(flight)
            self._course.tidy()
            self._progress.show(lambda: self._sights(flights))
            self._pause(left)
        self._course.tidy(at_once=float("inf"))  # nobody waits for a thread any more
        self._progress.clear()

    def finish(self) -> None:
        """Have the agents' steps kept, as far as their servers give them within half a minute."""
        self._course.finish()

    def cancel(self, why: str = "The run was interrupted.") -> list[Job]:
        """End everything that has not ended; what was collected until now stays."""
        for flight in self._flights.values():
            if flight.ended_ms is None:
                flight.end("cancelled", "interrupted", why)
                flight.ended_ms = self._timeline.now_ms()
        return self.jobs()

    def withdraw(self) -> list[Job]:
        """Cancel, and interrupt what is running on the server, because the run broke off."""
        for flight in self._flights.values():
            if flight.phase is Phase.WORKING:
                with contextlib.suppress(Exception):  # closing the server ends it anyway
                    self._means.openhands.interrupt(flight.conversation)
        return self.cancel("The run broke off.")

    def jobs(self) -> list[Job]:
        """Every job as it stands, in the order of submission."""
        return [flight.job() for flight in self._flights.values()]

    def tasks(self) -> list[Task]:
        """Every task as it was sent."""
        return [flight.task for flight in self._flights.values()]

    def problems(self) -> list[Problem]:
        """What concerns more than one job: a budget used up, a model that was given up."""
        models = self._course.models
        given_up = [
            Problem(
                stage="openhands_collection",
                message=f"{name} is out of quota; the jobs went on with the next model.",
                hint=f"{models.current.name} wrote what came after that.",
                level="note",
            )
            for name in models.given_up
        ]
        return [*account(self._terms.budget, self.jobs()), *given_up]

    def _flight(self, task: Task) -> Flight:
        flight = self._new_flight(task)
        if earlier := self._flights.get(task.id):
            flight.earlier = earlier.usage
        return flight

    def _new_flight(self, task: Task) -> Flight:
        files = self._answers.get(task.id, ())
        if conversation := self._means.journal.conversation(task):
            return Flight.left(task, conversation, files)
        return Flight.answered(task, files) if files else Flight(task)

    # --- what each turn of the loop does -----------------------------------------------------

    def _look_at_working(self, flights: Sequence[Flight]) -> None:
        working = [flight for flight in flights if flight.phase is Phase.WORKING]
        if not working or self._means.clock() < self._next_look:
            return
        with self._timeline.measure("openhands_collection"):
            states = self._states(working)
            for flight in working:
                self._course.advance(flight, states.get(flight.conversation))
        now = self._means.clock()
        ages = (now - flight.began for flight in working if flight.phase is Phase.WORKING)
        self._next_look = now + until_next_look(ages, self._terms.poll_interval_s)

    def _states(self, working: Sequence[Flight]) -> Mapping[uuid.UUID, State | None]:
        """One look at all of them. A look that fails says nothing about any."""
        try:
            states = self._means.openhands.states([flight.conversation for flight in working])
        except OpenHandsError as error:
            why = error.message
        except Exception as error:  # noqa: BLE001 - the next look may do better
            why = fault_of_ours(error).message
        else:
            self._trouble = ""
            return states
        if why != self._trouble:
            self._trouble = why
            self._progress.tell(f"a look at the jobs failed: {why}")
        return {flight.conversation: State("unknown", flight.current) for flight in working}

    def _keep_within_budget(self, flights: Sequence[Flight]) -> None:
        """Interrupt what runs and send nothing more once a limit is reached."""
        if not self._terms.budget.is_limited:
            return
        usages = [flight.usage for flight in self._flights.values()]
        self._warn_if_blind(usages)
        limit = self._terms.budget.crossed(usages, self._means.clock() - self._began)
        if limit is None:
            return
        failure = Failure("budget", f"Stopped by the budget: {limit}.")
        for flight in flights:
            if flight.phase in {Phase.WAITING, Phase.SENDING}:
                self._course.drop(flight, failure)
            elif flight.phase is Phase.WORKING:
                self._course.interrupt(flight, failure)

    def _warn_if_blind(self, usages: Sequence[Usage]) -> None:
        """Say as soon as it shows that money cannot be limited, while the run can be stopped."""
        if self._is_watchful and self._terms.budget.is_blind(usages):
            self._is_watchful = False
            limit = "max-tokens holds" if self._terms.budget.tokens else "nothing limits the cost"
            self._progress.tell(f"max-cost-usd: the model's price is not known; {limit}")

    def _judge_collected(self, flights: Sequence[Flight], judge: Judge) -> None:
        """Each job by itself, as soon as there is time; what was known before, all at once."""
        free = JUDGED_AT_ONCE - _count(flights, {Phase.JUDGING})
        ready = [flight for flight in flights if flight.phase is Phase.COLLECTED]
        known = [flight for flight in ready if flight.from_cache]
        batches = [[flight] for flight in ready if not flight.from_cache]
        for batch in ([known, *batches] if known else batches)[: max(0, free)]:
            self._course.judge(batch, judge)

    def _stop_if_shut_out(self, left: Sequence[Flight]) -> None:
        """Stop when the server has none of our jobs and took none for as long as one may last."""
        if _count(left, _TAKEN):
            self._capacity.was_given()
        elif self._capacity.is_shut(self._terms.job_timeout_s):
            self._course.stopped = self._course.stopped or remedies.shut_out(
                self._terms.job_timeout_s
            )

    def _send_waiting(self, left: Sequence[Flight]) -> None:
        waiting = [flight for flight in left if flight.phase is Phase.WAITING]
        in_flight = _count(left, _ON_THE_SERVER)
        for flight in sorted(waiting, key=self._turn):
            stopped = self._course.stopped
            if stopped is not None and flight.submitted_ms is None:
                self._course.give_up(flight, stopped)
            elif (
                self._capacity.has_place(in_flight)
                and flight.not_before <= self._means.clock()
                and (flight.to_say is not None or self._is_affordable(flight))
            ):
                self._course.send(flight)
                in_flight += 1

    def _turn(self, flight: Flight) -> tuple[bool, int, int]:
        """What goes on is sent before what begins; then by value, and in a class by the gap."""
        return flight.to_say is None, -value_class(flight.task), -self._means.gap(flight.task)

    def _is_affordable(self, flight: Flight) -> bool:
        if not self._terms.budget.is_limited:
            return True
        sent = [each for each in self._flights.values() if each.submitted_ms is not None]
        under_way = [each.usage for each in sent if _holds_a_place(each)]
        ended = [each.usage for each in sent if not _holds_a_place(each)]
        if self._terms.budget.has_room(ended, under_way):
            return True
        if not under_way:
            why = "What is left of the budget is less than a job has needed so far."
            self._course.give_up(flight, Failure("budget", why))
        return False

    def _learn_capacity(self) -> None:
        self._capacity.was_refused(_count(self._flights.values(), _ON_THE_SERVER))

    def _close(self, flight: Flight) -> Job:
        flight.ended_ms = self._timeline.now_ms()
        job = flight.job()
        if job.status == "succeeded":
            self._course.record_answer(flight)
            if flight.proved:
                self._means.keep(flight.task, job.files)
        else:
            self._means.journal.failed(flight.task)
        if flight.is_begun:
            self._course.forget(flight)
        self._progress.tell(words.outcome(job), job.task_id)
        self._progress.ended(flight.sight(flight.ended_ms))
        return job

    def _pause(self, flights: Sequence[Flight]) -> None:
        """Wait for the next look, or for something pending to end."""
        if all(flight.phase is Phase.ENDED for flight in flights):
            return
        if any(flight.phase is Phase.WORKING for flight in flights):
            with self._timeline.measure("openhands_collection"):
                self._something_happened.wait(max(0, self._next_look - self._means.clock()))
        else:
            self._something_happened.wait(self._terms.poll_interval_s)

    def _sights(self, flights: Sequence[Flight]) -> Sequence[Sight]:
        now_ms = self._timeline.now_ms()
        return [flight.sight(now_ms) for flight in flights]


def _holds_a_place(flight: Flight) -> bool:
    """Whether it is on the server or goes on there; one that begins anew has left it."""
    goes_on = flight.phase is Phase.WAITING and flight.to_say is not None
    return goes_on or flight.phase in _ON_THE_SERVER


def _count(flights: Collection[Flight], phases: Collection[Phase]) -> int:
    return sum(flight.phase in phases for flight in flights)
