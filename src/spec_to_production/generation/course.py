"""The course of one task: sent, worked on, collected, judged, and what is done when it fails.

A :class:`Course` moves one flight at a time. What takes time is handed to the executor; the
flight keeps what is to happen then, and :meth:`Course.settle` does it on the collecting thread.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

from spec_to_production.errors import OpenHandsError, ServerStartError, fault_of_ours
from spec_to_production.generation import remedies
from spec_to_production.generation.fallback import Models
from spec_to_production.generation.flight import Flight, Pending, Phase
from spec_to_production.generation.intake import Intake, admit
from spec_to_production.generation.remedies import Remedy
from spec_to_production.generation.terms import Judge, Means
from spec_to_production.openhands.interface import Assignment, Failure, State
from spec_to_production.reporting.escape import one_line
from spec_to_production.reporting.words import count
from spec_to_production.results import Task, TestVerdict

_AT_WORK = {"idle", "running", "unknown"}
_BEGINS_WITHIN_S = 30
_COLLECTED_WITHIN_S = 120
_DELETED_WITHIN_S = 30  # after the end
_LONGEST = 200  # characters of a reason, in a line of progress
DELETED_AT_ONCE = 4
"""How many conversations are deleted side by side; jobs that wait need the other threads."""


class Course:
    """Moves flights.

    Args:
        means: What the jobs work with.
        wake: Called when something pending is done.

    Attributes:
        models: The model in use and those to go on with.
        stopped: Why nothing more is to be sent, once something happened that all would meet.
    """

    def __init__(self, means: Means, wake: Callable[[], None]) -> None:
        self._means = means
        self._openhands = means.openhands
        self._terms = means.terms
        self._progress = means.progress
        self._wake = wake
        self.models = Models([means.terms.model, *means.terms.fallbacks])
        self.model_has_answered = False
        self.stopped: Failure | None = None
        self._to_delete: deque[Callable[[], None]] = deque()
        self._deletions: list[Future[Any]] = []

    def carry_on(self, earlier: Course) -> None:
        """Go on with the models that another has not given up, and with what it was to delete."""
        self.models = earlier.models
        self._to_delete, self._deletions = earlier._to_delete, earlier._deletions

    def settle(self, flight: Flight, when_full: Callable[[], None]) -> None:
        """Go on with a flight whose pending work is done, if it is.

        A server that had no place for it is told by ``when_full``; the flight waits again.
        """
        pending = flight.pending
        if pending is None or not pending.work.done():
            return
        flight.pending = None
        try:
            outcome = pending.work.result()
        except OpenHandsError as error:
            if remedies.is_full(error) and flight.phase is Phase.SENDING:
                if flight.submitted_ms is None:
                    flight.deadline = float("inf")
                self._wait(flight, self._terms.poll_interval_s)
                when_full()
                return
            failure = Failure(remedies.cause_of(error), error.message, error.hint)
            if isinstance(error, ServerStartError):
                self.stopped = failure
            self._fail(flight, failure)
        except OSError as error:
            self._fail(flight, Failure("unknown", str(error)))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the other jobs
            self._fail(flight, Failure("unknown", fault_of_ours(error).message))
        else:
            pending.then(outcome)

    # --- sending -----------------------------------------------------------------------------

    def send(self, flight: Flight) -> None:
        """Create the flight's conversation, or tell it what it waits to be told."""
        if flight.to_say is not None:
            self._count_down(flight)
            say = partial(self._openhands.say, flight.conversation, flight.to_say)
            self._start(flight, Phase.SENDING, say, lambda _: self._at_work(flight))
        elif flight.is_left:
            look = partial(self._openhands.attach, flight.conversation, self._means.snapshot.path)
            self._start(flight, Phase.SENDING, look, partial(self._looked, flight))
        else:
            prepare = partial(self._prepare, flight.task)
            self._start(flight, Phase.SENDING, prepare, partial(self._create, flight))

    def _looked(self, flight: Flight, found: bool) -> None:  # noqa: FBT001 - it is the outcome
        flight.is_left = False
        if not found and flight.files:
            flight.from_cache, flight.phase = True, Phase.COLLECTED
            return
        if not found:
            flight.renew()
            self._wait(flight, 0)
            return
        flight.is_begun = flight.is_created = flight.is_resumed = True
        flight.submitted_ms = self._means.timeline.now_ms()
        self._count_down(flight)
        self._progress.tell("goes on where an earlier run was stopped", flight.task.id)
        self._at_work(flight)

    def _prepare(self, task: Task) -> Task:
        with self._means.timeline.measure("openhands_submission"):
            self._openhands.wait_until_ready()
            return self._means.finish_task(task)

    def _create(self, flight: Flight, task: Task) -> None:
        model, timeline = self.models.current, self._means.timeline
        flight.model, flight.is_begun = model.name, True
        self._count_down(flight)
        self._means.journal.began(task, flight.conversation)
        steps = self._terms.max_iterations
        assignment = Assignment(flight.conversation, task.prompt, model, steps)

        def create() -> None:
            with timeline.measure("openhands_submission"):
                self._openhands.create(assignment, self._means.snapshot.path)

        created = partial(self._created, flight, task, timeline.now_ms())
        self._start(flight, Phase.SENDING, create, lambda _: created())

    def _created(self, flight: Flight, task: Task, submitted_ms: float) -> None:
        flight.task, flight.is_created = task, True
        if flight.submitted_ms is None:
            flight.submitted_ms = submitted_ms
        self._progress.tell("submitted", task.id)
        self._at_work(flight)

    def _at_work(self, flight: Flight) -> None:
        flight.phase = Phase.WORKING
        flight.began = self._means.clock()

    def _count_down(self, flight: Flight) -> None:
        """The time for the job begins, unless it has begun already."""
        flight.deadline = min(flight.deadline, self._means.clock() + self._terms.job_timeout_s)

    def _wait(self, flight: Flight, seconds: float) -> None:
        flight.phase = Phase.WAITING
        flight.not_before = self._means.clock() + seconds

    # --- looking -----------------------------------------------------------------------------

    def advance(self, flight: Flight, state: State | None) -> None:
        """Do what a look at the flight's conversation calls for."""
        if state is None:
            lost = Failure("server_lost", "The agent server lost the conversation.")
            self._collect(flight, lambda: self._fail(flight, lost))
            return
        if state.status != "unknown":
            flight.current = state.usage
            self.model_has_answered |= state.usage.completion_tokens > 0
        if state.status in _AT_WORK:
            now = self._means.clock()
            if state.status == "idle" and now - flight.began > _BEGINS_WITHIN_S:
                asleep = Failure("transient", "The conversation did not begin.")
                self._fail(flight, asleep, Remedy.ANEW)
            elif now > flight.deadline:
                self.interrupt(flight, self._late("; interrupted"))
        elif state.status == "finished":
            self._collect(flight, partial(self._finished, flight))
        elif state.status in {"error", "stuck"}:
            self._collect(flight, partial(self._ask_why, flight))
        else:
            why = f"The conversation is unexpectedly {state.status}."
            self._collect(flight, lambda: self._fail(flight, Failure("unknown", why)))

    def _finished(self, flight: Flight) -> None:
        if flight.output_path in flight.files:
            self._progress.tell(f"collected {flight.output_path}", flight.task.id)
            self.record_answer(flight)
            if flight.answered_ms is None and not flight.is_resumed:
                flight.answered_ms = self._means.timeline.now_ms()
            flight.phase = Phase.COLLECTED
        elif flight.uncollected:
            self._fail(flight, flight.uncollected)
        elif flight.repairs:
            flight.end("succeeded", message="No repaired test came back.")
        elif not flight.is_nudged:
            flight.is_nudged = True
            flight.nudges += 1
            self._progress.tell("finished without its file, asked once more", flight.task.id)
            refused = flight.refused.get(flight.output_path)
            reason = refused.reason if refused else ""
            flight.to_say = self._means.prompts.nudge(flight.output_path, reason)
            self._wait(flight, 0)
        elif flight.output_path in flight.refused:
            reason = flight.refused[flight.output_path].reason
            flight.end("failed", "refused_files", f"{flight.output_path} was refused: {reason}.")
        else:
            why = f"The agent finished twice without creating {flight.output_path}."
            flight.end("failed", "no_work", why)

    def record_answer(self, flight: Flight) -> None:
        """Have the journal know what was collected, should this run die."""
        files = [*flight.files.values()]
        self._means.journal.answered(flight.task, flight.conversation, files)

    def _ask_why(self, flight: Flight) -> None:
        ask = partial(self._openhands.failure, flight.conversation)
        tell = lambda failure: self._fail(flight, remedies.advise(failure))  # noqa: E731
        self._start(flight, Phase.COLLECTING, ask, tell)

    def drop_if_late(self, flight: Flight) -> None:
        """End a flight that has waited, been sent or been collected for too long."""
        now = self._means.clock()
        if flight.phase in {Phase.WAITING, Phase.SENDING} and now > flight.deadline:
            self.drop(flight, self._late())
        elif flight.phase is Phase.COLLECTING and now > flight.collected_by:
            why = f"Its files could not be collected within {_COLLECTED_WITHIN_S} s."
            flight.uncollected = Failure("deadline", why)
            self.drop(flight, flight.stopped_by or flight.uncollected)

    def _late(self, what_then: str = "") -> Failure:
        why = f"Not done within {self._terms.job_timeout_s:g} s{what_then}."
        return remedies.advise(Failure("deadline", why))

    # --- failing -----------------------------------------------------------------------------

    def _fail(self, flight: Flight, failure: Failure, remedy: Remedy | None = None) -> None:
        """Do what helps against the failure, by its cause if nothing is named; or give up."""
        if remedy is None:
            remedy = remedies.remedy(failure.cause, model_has_answered=self.model_has_answered)
        may_pass = flight.attempts < remedies.MOST_ATTEMPTS and self.stopped is None
        if flight.judged:
            self.give_up(flight, failure)
        elif failure.cause == "quota" and self.models.give_up(flight.model):
            self._begin_anew(flight)
            self._wait(flight, 0)
        elif remedy is Remedy.GO_ON and may_pass:
            if flight.is_created:
                flight.to_say = self._means.prompts.go_on(flight.output_path)
            self._try_again(flight, failure)
        elif remedy is Remedy.ANEW and may_pass:
            self._begin_anew(flight)
            self._try_again(flight, failure)
        else:
            if remedy is Remedy.STOP:
                self.stopped = self.stopped or failure
            self.give_up(flight, failure)

    def _begin_anew(self, flight: Flight) -> None:
        if flight.is_begun:
            self._delete(flight.task, flight.conversation)
        flight.renew()

    def _try_again(self, flight: Flight, failure: Failure) -> None:
        flight.attempts += 1
        seconds = remedies.pause(flight.attempts)
        self._wait(flight, seconds)
        why = one_line(failure.message, _LONGEST).rstrip(".")
        self._progress.tell(f"{why}; trying again in {seconds:.0f} s", flight.task.id)

    def give_up(self, flight: Flight, failure: Failure) -> None:
        """End a flight; what it has by then is still judged.

        One that was never sent is skipped. One whose first answer was judged has that: only the
        repair is lost.
        """
        if flight.phase is Phase.WAITING and flight.submitted_ms is None:
            flight.end("skipped", failure.cause, f"Not sent. {failure}")
        elif flight.judged:
            flight.end("succeeded", message=f"The repair did not end well: {failure}")
        else:
            # The two may be one: then it is told once.
            whys = dict.fromkeys(str(why) for why in (failure, flight.uncollected) if why)
            flight.end(remedies.status(failure.cause), failure.cause, " ".join(whys))
        if flight.unjudged:
            flight.phase = Phase.COLLECTED

    def drop(self, flight: Flight, failure: Failure) -> None:
        """End a flight now, whatever is under way for it.

        What has just been done is settled first. A conversation that begins too late is deleted.
        """
        pending = flight.pending
        if pending is not None:
            if pending.work.done():
                return
            if not pending.work.cancel() and not flight.is_created:
                flight.is_begun = False  # what comes of it is not there yet
                delete = partial(self._delete_now, flight.task, flight.conversation)
                pending.work.add_done_callback(lambda _: delete())
        flight.pending = None
        self.give_up(flight, failure)

    def interrupt(self, flight: Flight, failure: Failure) -> None:
        """Stop the agent, collect what it has, and end the flight so."""
        conversation = flight.conversation
        flight.stopped_by = failure

        def stop() -> None:
            try:
                self._openhands.interrupt(conversation)
            except OpenHandsError as error:
                self._progress.tell(f"could not be interrupted: {error.message}", flight.task.id)

        end = partial(self.give_up, flight, failure)
        self._start(flight, Phase.COLLECTING, stop, lambda _: self._collect(flight, end))

    # --- collecting, judging, sending back ---------------------------------------------------

    def _collect(self, flight: Flight, then: Callable[[], None]) -> None:
        conversation = flight.conversation
        allowed = {flight.task.output_path, flight.output_path}

        def bring() -> Intake | Failure:
            try:
                patch = self._openhands.patch(conversation)
            except OpenHandsError as error:
                why = f"Its files could not be collected: {error.message}"
                return Failure(remedies.cause_of(error), why)
            return admit(patch, allowed)

        def take(brought: Intake | Failure) -> None:
            if isinstance(brought, Failure):
                flight.uncollected = brought
            else:
                flight.uncollected = None
                flight.take_in(brought)
            then()

        self._start(flight, Phase.COLLECTING, bring, take)

    def judge(self, flights: Sequence[Flight], judge: Judge) -> None:
        """Have the flights' new files judged, all together."""
        files = [file for flight in flights for file in flight.unjudged]
        verdicts = self._submit(lambda: judge(files))
        for flight in flights:
            paths = {file.path for file in flight.unjudged}
            flight.judged |= paths
            then = partial(self._judged, flight, paths)
            flight.phase, flight.pending = Phase.JUDGING, Pending(verdicts, then)

    def _judged(
        self, flight: Flight, paths: Collection[str], verdicts: Sequence[TestVerdict]
    ) -> None:
        own = [test for test in verdicts if test.id.partition("::")[0] in paths]
        rejected = [test for test in own if test.verdict == "rejected"]
        flight.proved |= len(rejected) < len(own)
        can_repair = flight.status == "succeeded" and not flight.message and not flight.from_cache
        if not (rejected and can_repair and flight.repairs < self._terms.repair_rounds):
            flight.phase = Phase.ENDED
            return
        flight.repairs += 1
        flight.deadline = float("inf")
        self._progress.tell(f"{count(len(rejected), 'test')} to be repaired", flight.task.id)
        flight.to_say = self._means.prompts.repair(rejected, flight.output_path)
        self._wait(flight, 0)

    def forget(self, flight: Flight) -> None:
        """Keep what the agent did, and have the server delete an ended flight."""
        self._delete(flight.task, flight.conversation, before=self._keep_steps)

    def _keep_steps(self, task: Task, conversation: uuid.UUID) -> None:
        try:
            self._means.keep_trajectory(task, self._openhands.trajectory(conversation))
        except OpenHandsError:
            pass  # a server that was lost has nothing to tell
        except OSError as error:
            self._progress.tell(f"its steps could not be kept: {error}", task.id)

    def _delete(
        self,
        task: Task,
        conversation: uuid.UUID,
        before: Callable[[Task, uuid.UUID], None] = lambda *_: None,
    ) -> None:
        def delete() -> None:
            before(task, conversation)
            self._delete_now(task, conversation)

        self._to_delete.append(delete)

    def tidy(self, at_once: float = DELETED_AT_ONCE) -> None:
        """Go on with deleting; however slow that is, so many threads are at it and no more."""
        self._deletions = [each for each in self._deletions if not each.done()]
        while self._to_delete and len(self._deletions) < at_once:
            self._deletions.append(self._submit(self._to_delete.popleft()))

    def finish(self) -> None:
        """Wait, but not for good, until what is being deleted has told its steps."""
        wait(self._deletions, _DELETED_WITHIN_S)

    def _delete_now(self, task: Task, conversation: uuid.UUID) -> None:
        try:
            self._openhands.delete(conversation)
        except OpenHandsError as error:
            self._progress.tell(f"not deleted: {error.message}", task.id)

    def _start(
        self, flight: Flight, phase: Phase, work: Callable[[], Any], then: Callable[[Any], None]
    ) -> None:
        if phase is Phase.COLLECTING and flight.phase is not phase:
            flight.collected_by = self._means.clock() + _COLLECTED_WITHIN_S
        flight.phase, flight.pending = phase, Pending(self._submit(work), then)

    def _submit(self, work: Callable[[], Any]) -> Future[Any]:
        future = self._means.executor.submit(work)
        future.add_done_callback(lambda _: self._wake())
        return future
