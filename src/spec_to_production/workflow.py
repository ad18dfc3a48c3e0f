"""The story of a run: its stages in order, and which of them go on side by side.

::

    specification ─► OpenHands jobs  submit ─► poll ─► collect ─┐ each job's tests as soon
                  ├► baseline ─► refactoring                    │ as they are there
                  └────────────────────────► verification ◄─────┘
                                                  └─► gates ─► delivery ─► WorkflowResult

An asynchronous run hands the work to a thread pool, a synchronous one does the same work in the
same order on one thread. Everything that touches files, processes or the network is passed in.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from spec_to_production import __version__
from spec_to_production.attestation import Findings
from spec_to_production.errors import SpecToProductionError, fault_of_ours, telling_of_a_full_disk
from spec_to_production.generation.jobs import Jobs, threads_for
from spec_to_production.interrupts import Interrupted
from spec_to_production.progress import Progress
from spec_to_production.reporting import words
from spec_to_production.results import (
    Baseline,
    Component,
    ExecutionMode,
    Gate,
    GeneratedFile,
    Job,
    Problem,
    Refactoring,
    Spec,
    StageName,
    Target,
    Task,
    TestVerdict,
    Verification,
    WorkflowResult,
)
from spec_to_production.specs import problems_of
from spec_to_production.timeline import Timeline

GAPS_WAIT_S = 30
"""A job waits this long for the baseline's uncovered lines before it goes without them."""

_BESIDE_THE_JOBS = 2  # baseline and refactoring

T = TypeVar("T")


class Verifier(Protocol):
    """Judges tests, one job's at a time, and sums up at the end."""

    def judge(self, files: Sequence[GeneratedFile]) -> Sequence[TestVerdict]:
        """The verdicts on the tests in these files."""

    def conclude(self, baseline: Baseline | None) -> Verification:
        """All of them together, with the suite that was there before."""


class JobsFactory(Protocol):
    """Makes the jobs of a run."""

    def __call__(
        self,
        executor: Executor,
        finish_task: Callable[[Task], Task],
        gap: Callable[[Task], int],
        *,
        max_parallel: int,
    ) -> Jobs:
        """Jobs that work in this executor and complete each task just before it is sent.

        What waits is sent by the ``gap``: uncovered lines of the task's module.
        """


@dataclass(frozen=True)
class Stages:
    """What is done in each stage; the fronts build the real ones.

    A stage that is switched off is ``None``.
    """

    baseline: Callable[[], Baseline]
    make_verifier: Callable[[], Verifier]
    gates: Callable[[Baseline | None, Verification | None, Refactoring | None], Sequence[Gate]]
    deliver: Callable[[Verification | None, Refactoring | None], None]
    make_jobs: JobsFactory | None = None
    recall: Callable[[], Findings | None] | None = None
    add_gaps: Callable[[Task, Baseline | None], Task] = lambda task, _: task
    refactor: Callable[[Baseline], Refactoring] | None = None
    recheck: Callable[[Refactoring, Sequence[GeneratedFile]], Refactoring] | None = None


@dataclass(frozen=True)
class Subject:
    """What the run is about."""

    spec: Spec
    component: Component
    target: Target
    base_commit: str | None = None
    model: str | None = None
    model_is_recorded: bool = False
    tasks: Sequence[Task] = ()
    candidates: Sequence[GeneratedFile] = ()


class Sequential(Executor):
    """An executor without threads: work is done when it is submitted."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401
        """Do the work now; its future is already done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is the future's to tell
            future.set_exception(error)
        return future


class Once(Generic[T]):
    """Work that is done by whoever asks for it first; all others get what came of that.

    Attributes:
        outcome: Known once it is done.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._begun = threading.Lock()
        self.outcome: Future[T] = Future()

    def do(self) -> T:
        """Do it, or wait for who does; gives or raises what it did."""
        if self._begun.acquire(blocking=False):
            try:
                self.outcome.set_result(self._work())
            except BaseException as error:  # noqa: BLE001 - it is the outcome's to tell
                self.outcome.set_exception(error)
        return self.outcome.result()


class Workflow:
    """One run. ``run`` may be called once; it always comes back with a result.

    Args:
        subject: What the run is about.
        stages: What is done in each stage.
        max_parallel: Most OpenHands jobs in flight in an asynchronous run.
        timeline: Measures the stages.
        progress: Told what happens.
    """

    def __init__(
        self,
        subject: Subject,
        stages: Stages,
        *,
        max_parallel: int,
        timeline: Timeline,
        progress: Progress,
    ) -> None:
        self._subject = subject
        self._stages = stages
        self._max_parallel = max_parallel
        self._timeline = timeline
        self._progress = progress
        self._started_at = dt.datetime.now(dt.UTC)
        self._verifying = threading.Lock()
        self._verifier: Verifier | None = None
        self._verdicts: dict[str, Sequence[TestVerdict]] = {}
        self._jobs: Jobs | None = None
        self._ended_jobs: dict[str, Job] = {}
        self._sent_tasks: dict[str, Task] = {}
        self._baseline: Baseline | None = None
        self._refactoring: Refactoring | None = None
        self._verification: Verification | None = None
        self._measured_at: str | None = None
        self._gates: tuple[Gate, ...] = ()
        self._problems = list(problems_of(subject.spec))
        self._fallback: str | None = None
        self._interrupted_by: int | None = None
        # What is at work, or done, when running side by side breaks is taken over.
        self._recall_once = Once(self._recall)
        self._baseline_once = Once(self._run_baseline)
        self._refactoring_once = Once(self._run_refactoring)

    def run(self, mode: ExecutionMode) -> WorkflowResult:
        """Run all stages. An interrupt ends the run early, with what there is by then."""
        try:
            if mode == "async":
                self.run_async_with_parallel_openhands()
            else:
                self._run_one_by_one()
        except Interrupted as interrupt:
            self._interrupted_by = interrupt.signum
            if self._jobs is not None:
                self._remember(self._jobs.cancel())
        return self.result(mode)

    def run_async_with_parallel_openhands(self) -> None:
        """Run jobs, refactoring and baseline side by side; go on one by one if that breaks."""
        executor = ThreadPoolExecutor(threads_for(self._max_parallel) + _BESIDE_THE_JOBS)
        try:
            self._measure(executor, max_parallel=self._max_parallel)
            self._sum_up()
        except Exception as error:  # noqa: BLE001 - whatever it is, the results matter more
            executor.shutdown(wait=False, cancel_futures=True)  # nothing more begins in it
            self._fallback = f"{type(error).__name__}: {error}"
            self._progress.tell(f"running side by side broke ({self._fallback}); one by one now")
            if self._jobs is not None:
                self._remember(self._jobs.withdraw())
            self._run_one_by_one()
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _run_one_by_one(self) -> None:
        """There is nothing more to fall back on: what breaks now leaves the results there are."""
        with self._told_as_problem("openhands_collection"):
            try:
                self._measure(Sequential(), max_parallel=1)
            except Exception:
                if self._jobs is not None:
                    self._remember(self._jobs.withdraw())
                raise
        self._sum_up()

    def result(self, mode: ExecutionMode) -> WorkflowResult:
        """Everything that is known now."""
        if self._jobs is not None:
            self._remember(self._jobs.jobs())
        subject = self._subject
        return WorkflowResult(
            tool_version=__version__,
            started_at=self._started_at.isoformat(timespec="milliseconds"),
            execution_mode="sync" if self._fallback else mode,
            fallback=self._fallback,
            interrupted_by=self._interrupted_by,
            target=subject.target,
            base_commit=subject.base_commit,
            model=subject.model,
            model_is_recorded=subject.model_is_recorded,
            spec=subject.spec,
            component=subject.component,
            baseline=self._baseline,
            tasks=tuple(self._sent_tasks.get(task.id, task) for task in subject.tasks),
            jobs=tuple(
                self._ended_jobs[task.id] for task in subject.tasks if task.id in self._ended_jobs
            ),
            verification=self._verification or self._verified_so_far(),
            refactoring=self._refactoring,
            measured_at=self._measured_at,
            gates=self._gates,
            problems=tuple(self._problems),
            stage_timings=self._timeline.timings(),
            wall_ms=self._timeline.now_ms(),
        )

    # --- the stages --------------------------------------------------------------------------

    def _measure(self, executor: Executor, *, max_parallel: int) -> None:
        self._recall_once.do()
        baseline = self._baseline_once.outcome
        left = [task for task in self._subject.tasks if not self._is_settled(task)]
        submitted: list[str] = []
        if self._stages.make_jobs is not None and left:
            add_gaps = self._stages.add_gaps
            earlier, self._jobs = (
                self._jobs,
                self._stages.make_jobs(
                    executor,
                    lambda task: add_gaps(task, _known_soon(baseline)),
                    lambda task: _uncovered(task, baseline),
                    max_parallel=max_parallel,
                ),
            )
            if earlier is not None:
                self._jobs.carry_on(earlier)
            submitted = self._jobs.submit_tasks(left)
            self._progress.tell(f"{words.count(len(submitted), 'OpenHands job')} queued")

        beside = [
            executor.submit(work.do) for work in (self._baseline_once, self._refactoring_once)
        ]
        if self._subject.candidates:
            self._judge(self._subject.candidates)
        if self._jobs is not None:
            for job in self._jobs.collect_results(submitted, self._judge):
                self._ended_jobs[job.task_id] = job
            self._problems.extend(self._jobs.problems())
        for future in beside:
            future.result()

    def _sum_up(self) -> None:
        self._conclude()
        self._judge_gates()
        if self._jobs is not None:
            self._jobs.finish()
        self._guarded(
            "delivery", lambda: self._stages.deliver(self._verification, self._refactoring)
        )

    def _recall(self) -> None:
        """Take over what an earlier run measured, where all is as it left it."""
        if self._stages.recall is None:
            return
        findings = self._guarded("verification", self._stages.recall)
        if findings is not None:
            self._measured_at = findings.measured_at
            self._baseline = findings.baseline
            self._refactoring = findings.refactoring
            self._verification = findings.verification
            self._gates = findings.gates

    def _run_baseline(self) -> Baseline | None:
        if self._baseline is None:
            self._progress.tell("baseline: running the existing tests")
            self._baseline = self._guarded("baseline", self._stages.baseline)
        if self._baseline is not None:
            self._progress.tell(f"baseline: {_describe(self._baseline)}")
        return self._baseline

    def _run_refactoring(self) -> None:
        refactor, baseline = self._stages.refactor, self._baseline_once.do()
        if refactor is None or baseline is None or self._refactoring is not None:
            return
        self._progress.tell("refactoring: on a copy, beside the jobs")
        self._refactoring = self._guarded("refactoring", lambda: refactor(baseline))
        if self._refactoring is not None:
            self._progress.tell(f"refactoring: {self._refactoring.status.replace('_', ' ')}")

    def _judge(self, files: Sequence[GeneratedFile]) -> Sequence[TestVerdict]:
        with self._verifying:
            verdicts = self._guarded("verification", lambda: self._verdicts_on(files)) or ()
        self._verdicts["\n".join(file.path for file in files)] = verdicts
        counts = ", ".join(
            f"{sum(test.verdict == verdict for test in verdicts)} {verdict}"
            for verdict in ("accepted", "disputed", "rejected")
        )
        self._progress.tell(f"verification: {', '.join(file.path for file in files)}: {counts}")
        return verdicts

    def _verdicts_on(self, files: Sequence[GeneratedFile]) -> Sequence[TestVerdict]:
        if self._verification is not None:
            paths = {file.path for file in files}
            return [t for t in self._verification.tests if t.id.partition("::")[0] in paths]
        if self._verifier is None:
            self._verifier = self._stages.make_verifier()
        return self._verifier.judge(files)

    def _conclude(self) -> None:
        if self._measured_at is not None:
            return
        verifier, baseline = self._verifier, self._baseline
        if verifier is not None:
            self._progress.tell("verification: all tests together, with the existing suite")
            self._verification = self._guarded("verification", lambda: verifier.conclude(baseline))
        accepted = self._verification.files if self._verification else ()
        recheck, refactoring = self._stages.recheck, self._refactoring
        if recheck and refactoring and refactoring.status == "kept" and accepted:
            self._progress.tell("refactoring: checked again with the accepted tests")
            self._refactoring = self._guarded(
                "verification", lambda: recheck(refactoring, accepted)
            ) or _unproven(refactoring)

    def _judge_gates(self) -> None:
        if self._measured_at is not None:
            return
        gates = self._guarded(
            "gates",
            lambda: self._stages.gates(self._baseline, self._verification, self._refactoring),
        )
        self._gates = tuple(gates or ())

    # --- helpers -----------------------------------------------------------------------------

    def _guarded(self, stage: StageName, work: Callable[[], T]) -> T | None:
        """Measure a stage; what goes wrong in it becomes a problem and ends this stage only."""
        with self._told_as_problem(stage), self._timeline.measure(stage), telling_of_a_full_disk():
            return work()
        return None

    @contextmanager
    def _told_as_problem(self, stage: StageName) -> Iterator[None]:
        try:
            yield
        except SpecToProductionError as error:
            told = error
        except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the results
            told = fault_of_ours(error)
        else:
            return
        self._problems.append(Problem(stage=stage, message=told.message, hint=told.hint))
        self._progress.tell(f"{stage}: {told.message}")

    def _verified_so_far(self) -> Verification | None:
        """For a run that ended before its tests were seen together."""
        tests = [test for verdicts in self._verdicts.values() for test in verdicts]
        return Verification(tests=tuple(tests)) if tests else None

    def _is_settled(self, task: Task) -> bool:
        job = self._ended_jobs.get(task.id)
        return job is not None and job.cause != "interrupted"

    def _remember(self, jobs: Sequence[Job]) -> None:
        assert self._jobs is not None  # noqa: S101 - whoever has jobs has them from there
        self._ended_jobs.update({job.task_id: job for job in jobs})
        self._sent_tasks.update({task.id: task for task in self._jobs.tasks()})


def _known_soon(baseline: Future[Baseline | None]) -> Baseline | None:
    wait([baseline], GAPS_WAIT_S)
    return _known(baseline)


def _known(baseline: Future[Baseline | None]) -> Baseline | None:
    return baseline.result() if baseline.done() and baseline.exception() is None else None


def _unproven(refactoring: Refactoring) -> Refactoring:
    return Refactoring(
        status="dropped",
        detail="It could not be tested again with the accepted tests, for that check broke.",
        steps=refactoring.steps,
    )


def _uncovered(task: Task, baseline: Future[Baseline | None]) -> int:
    known = _known(baseline)
    return len(known.coverage.missing_in(task.module)) if known and known.coverage else 0


def _describe(baseline: Baseline) -> str:
    covered = f", coverage {baseline.coverage.percent:.0f} %" if baseline.coverage else ""
    if baseline.status == "no_tests":
        return f"no tests{covered}"
    return f"{words.count(len(baseline.tests), 'test')}, {baseline.status}{covered}"
