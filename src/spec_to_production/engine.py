"""Builds the real collaborators of a run from the settings, runs it and leaves nothing behind.

Both fronts, the command line and the action, call :func:`run`.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from spec_to_production import backend
from spec_to_production.components import find_component, run_baseline
from spec_to_production.delivery import make_patch, write_changes
from spec_to_production.environment import install
from spec_to_production.errors import SettingsError
from spec_to_production.gates import evaluate
from spec_to_production.generation.budget import Budget
from spec_to_production.generation.jobs import Jobs, Terms
from spec_to_production.generation.memory import Memory
from spec_to_production.generation.plan import plan
from spec_to_production.generation.prompts import Prompts
from spec_to_production.generation.schedule import Durations, in_order
from spec_to_production.openhands import Fleet, OpenHands
from spec_to_production.openhands.interface import Model
from spec_to_production.progress import Progress
from spec_to_production.redaction import Redaction
from spec_to_production.refactoring import recheck, refactor
from spec_to_production.results import (
    Baseline,
    Component,
    Gate,
    GeneratedFile,
    Refactoring,
    Spec,
    Task,
    Verification,
    WorkflowResult,
)
from spec_to_production.sandbox import Sandbox
from spec_to_production.settings import FailOn, Settings
from spec_to_production.snapshot import Snapshot, find_root
from spec_to_production.specs import read_spec
from spec_to_production.timeline import Timeline
from spec_to_production.verification import Effort, Verifier, load_tests, set_aside
from spec_to_production.verification.replay import effort_of, read_verdicts
from spec_to_production.workflow import Interrupted, JobsFactory, Stages, Subject, Workflow

# The runner gives these to a container action (``ContainerActionHandler.cs`` in actions/runner).
_TOKENS = ("ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")

_TRIES_TO_REMOVE, _BETWEEN_TRIES_S = 20, 0.05


@dataclass(frozen=True)
class Plan:
    """What a run is about to do; ``--dry-run`` shows it."""

    spec: Spec
    component: Component
    snapshot: Snapshot
    tasks: Sequence[Task] = ()
    candidates: Sequence[GeneratedFile] = ()
    effort: Effort | None = None
    """That of the run which is replayed."""


def make_plan(settings: Settings, start: Path) -> Plan:
    """Read spec and component and plan the jobs. Starts nothing and spends nothing.

    Raises:
        InputError: Something given is unusable.
    """
    with _run_folder() as work:
        root = find_root(start)
        return _plan(settings, root, work)


def run(
    settings: Settings, start: Path, *, env: Mapping[str, str], write: Callable[[str], None]
) -> WorkflowResult:
    """One whole run, in the checkout that ``start`` lies in; it always comes back with a result.

    Accepted tests and the patch are written below ``settings.output``; the reports are for the
    caller to render. Ctrl-C and SIGTERM end the run early.

    Args:
        settings: What the user asked for.
        start: A folder in the checkout.
        env: The environment of this process.
        write: Shows one line of progress; called on this thread only.

    Raises:
        InputError: Something given is unusable; nothing was started.
    """
    timeline = Timeline()
    redaction = Redaction.of(secrets(settings, env))
    progress = Progress(lambda line: write(redaction.text(line)), timeline.now_ms)
    with _run_folder() as work, contextlib.ExitStack() as stack:
        stack.enter_context(_interrupts())
        root = find_root(start)
        with timeline.measure("specification"):
            planned = _plan(settings, root, work)
        sandbox = Sandbox.prepare(work / "sandbox", Path(settings.python or sys.executable))
        memory = _memory(settings, root, progress.tell)
        answers = memory.answers(planned.tasks) if memory else {}
        left = len(planned.tasks) - len(answers)
        models = backend.models(settings)
        openhands = Fleet([])
        if left:
            models = stack.enter_context(
                backend.kept_from_agent(models, settings, left, progress.tell)
            )
            openhands = backend.start(settings, work, env, progress.tell)
            stack.callback(openhands.close)
        stack.callback(sandbox.stop_all)  # the first to be called: it takes the most of the machine
        if settings.requirements:
            progress.tell(f"installing {' '.join(settings.requirements)}")
            sandbox = _with_requirements(
                sandbox, settings.requirements, planned.snapshot, work, env
            )
        works = _Works(settings, root, work, planned, sandbox, timeline, progress, redaction)
        make_jobs = works.jobs_on(openhands, models, answers, memory) if planned.tasks else None
        workflow = Workflow(
            works.subject(),
            works.stages(make_jobs),
            max_parallel=settings.max_parallel_jobs,
            timeline=timeline,
            progress=progress,
        )
        result = redaction.value(workflow.run("async" if settings.async_ else "sync"))
        if memory:
            memory.learn(result.jobs)
        return result


def _with_requirements(
    sandbox: Sandbox,
    requirements: Sequence[str],
    snapshot: Snapshot,
    work: Path,
    env: Mapping[str, str],
) -> Sandbox:
    """The same sandbox, whose Python has what the component needs."""
    code = snapshot.copy(work / "installation")
    sandbox.hand_over(code)
    python = install(
        sandbox.python,
        requirements,
        sandbox,
        code=code,
        folder=work / "environment",
        env=env,
    )
    return replace(sandbox, python=python)


def secrets(settings: Settings, env: Mapping[str, str]) -> list[str]:
    """Everything in reach of this process that nobody may read, in the log or elsewhere."""
    return [*settings.secrets, *(env[name] for name in _TOKENS if env.get(name))]


def exit_code(result: WorkflowResult, fail_on: FailOn) -> int:
    """1 when something happened that the user wants to fail on, else 0."""
    errors = bool(result.problems) or any(job.status != "succeeded" for job in result.jobs)
    disputes = bool(result.verification and result.verification.having("disputed"))
    fails = {
        "never": False,
        "errors": errors,
        "disputes": errors or disputes,
        "gates": errors or not result.promotable,
    }
    return int(fails[fail_on])


def _plan(settings: Settings, root: Path, work: Path) -> Plan:
    spec = read_spec(settings.spec, root)
    snapshot = Snapshot.take(root, work / "base")
    if settings.mode == "verify":
        return _plan_verification(settings, spec, root, snapshot)
    component = find_component(settings.component, snapshot.path)
    tasks: Sequence[Task] = ()
    if settings.enable_openhands:
        prompts = Prompts(spec, component, snapshot.path)
        tasks = plan(spec, component, prompts, snapshot.path, backend.made_by(settings))
        folder = _cache_folder(settings, root)
        known = Durations.read(folder) if folder else Durations({})
        tasks = in_order(tasks, component, known.root)
    if tasks and not settings.llm_model and not settings.dry_run:
        raise SettingsError(
            "llm-model: not given, and OpenHands needs a model to write tests.",
            hint="Give llm-model and llm-api-key (or LLM_MODEL and LLM_API_KEY), "
            "or switch generation off with --no-enable-openhands.",
        )
    return Plan(spec, component, snapshot, tasks)


def _plan_verification(settings: Settings, spec: Spec, root: Path, snapshot: Snapshot) -> Plan:
    """The tests to judge do not count as the suite that was there before."""
    component = find_component(settings.component, snapshot.path)
    effort = None
    if settings.replay:
        recorded = read_verdicts(root / settings.replay)
        candidates, effort = recorded.candidates, effort_of(recorded)
    elif settings.tests:
        candidates = load_tests(settings.tests, root, component)
    else:
        raise SettingsError(
            "tests: not given.", hint="Name the test file or the folder to judge with --tests."
        )
    paths = {file.path for file in candidates if _is_in(snapshot, file)}
    existing = tuple(path for path in component.test_files if path not in paths)
    return Plan(
        spec,
        component.model_copy(update={"test_files": existing}),
        set_aside(snapshot, paths, snapshot.path.with_name("without")),
        candidates=candidates,
        effort=effort,
    )


def _is_in(snapshot: Snapshot, file: GeneratedFile) -> bool:
    """Whether it is this file that lies there, and not one that it would replace."""
    there = snapshot.path / file.path
    return there.is_file() and there.read_bytes() == file.content.encode()


@dataclass(frozen=True)
class _Works:
    """Everything a run works with; each method is one stage's work."""

    settings: Settings
    root: Path
    work: Path
    plan: Plan
    sandbox: Sandbox
    timeline: Timeline
    progress: Progress
    redaction: Redaction

    def subject(self) -> Subject:
        return Subject(
            spec=self.plan.spec,
            component=self.plan.component,
            target=self.settings.target,
            base_commit=self.plan.snapshot.head,
            model=self.settings.llm_model if self.plan.tasks else None,
            model_is_recorded=self.settings.model_is_recorded,
            tasks=self.plan.tasks,
            candidates=self.plan.candidates,
        )

    def stages(self, make_jobs: JobsFactory | None) -> Stages:
        refactoring = self.settings.enable_refactoring and self.settings.mode == "run"
        return Stages(
            baseline=self._baseline,
            make_verifier=self._verifier,
            gates=self._gates,
            deliver=self._deliver,
            make_jobs=make_jobs,
            add_gaps=self._add_gaps,
            refactor=self._refactor if refactoring else None,
            recheck=self._recheck if refactoring else None,
        )

    def _baseline(self) -> Baseline:
        return run_baseline(
            self.plan.component, self.plan.snapshot, self.sandbox, self._folder("baseline")
        )

    def _refactor(self, baseline: Baseline) -> Refactoring:
        return refactor(
            self.plan.component,
            self.plan.snapshot,
            baseline,
            self.sandbox,
            self._folder("refactoring"),
        )

    def _recheck(self, refactoring: Refactoring, accepted: Sequence[GeneratedFile]) -> Refactoring:
        return recheck(
            refactoring,
            self.plan.component,
            self.plan.snapshot,
            self.sandbox,
            self._folder("recheck"),
            accepted,
        )

    def jobs_on(
        self,
        openhands: OpenHands,
        models: Sequence[Model],
        answers: Mapping[str, Sequence[GeneratedFile]],
        memory: Memory | None,
    ) -> JobsFactory:
        settings = self.settings

        def make(
            executor: Executor, finish_task: Callable[[Task], Task], *, max_parallel: int
        ) -> Jobs:
            return Jobs(
                openhands=openhands,
                executor=executor,
                terms=Terms(
                    model=models[0],
                    fallbacks=tuple(models[1:]),
                    max_parallel=max_parallel,
                    max_iterations=settings.max_iterations,
                    job_timeout_s=settings.job_timeout,
                    poll_interval_s=settings.poll_interval,
                    repair_rounds=settings.repair_rounds,
                    budget=Budget(
                        cost_usd=settings.max_cost_usd,
                        tokens=settings.max_tokens,
                        seconds=settings.total_timeout,
                    ),
                ),
                snapshot=self.plan.snapshot,
                prompts=self._prompts(),
                finish_task=finish_task,
                timeline=self.timeline,
                progress=self.progress,
                scratch=self._folder("intake"),
                answers=answers,
                keep=memory.keep if memory else lambda _task, _files: None,
            )

        return make

    def _add_gaps(self, task: Task, baseline: Baseline | None) -> Task:
        """Write the uncovered lines into the prompt, now that they are known."""
        if baseline is None or baseline.coverage is None:
            return task
        module = next(m for m in self.plan.component.modules if m.path == task.module)
        wanted = [r for r in self.plan.spec.requirements if r.id in task.requirement_ids]
        missing = baseline.coverage.missing_in(task.module)
        prompt = self._prompts().test_generation(module, wanted, task.output_path, missing)
        return task.model_copy(update={"prompt": prompt})

    def _verifier(self, baseline: Baseline) -> Verifier:
        return Verifier(
            spec=self.plan.spec,
            component=self.plan.component,
            snapshot=self.plan.snapshot,
            baseline=baseline,
            sandbox=self.sandbox,
            effort=self.plan.effort
            or Effort(
                flake_bound=self.settings.flake_bound, test_timeout=self.settings.test_timeout
            ),
            work=self._folder("verification"),
            progress=self.progress.tell,
        )

    def _gates(
        self,
        baseline: Baseline | None,
        verification: Verification | None,
        refactoring: Refactoring | None,
    ) -> Sequence[Gate]:
        return evaluate(
            self.settings.target,
            spec=self.plan.spec,
            component=self.plan.component,
            snapshot=self.plan.snapshot,
            sandbox=self.sandbox,
            work=self._folder("gates"),
            baseline=baseline,
            verification=verification,
            refactoring=refactoring,
            coverage_threshold=self.settings.coverage_threshold,
        )

    def _deliver(self, verification: Verification | None, refactoring: Refactoring | None) -> None:
        folder = self.settings.output_folder
        if folder is not None:
            patch = make_patch(
                self.plan.snapshot, verification, refactoring, self._folder("delivery")
            )
            files = self.redaction.value(verification.files if verification else ())
            write_changes(self.root / folder, self.redaction.text(patch), files)

    def _prompts(self) -> Prompts:
        return Prompts(self.plan.spec, self.plan.component, self.plan.snapshot.path)

    def _folder(self, name: str) -> Path:
        folder = self.work / name
        folder.mkdir(exist_ok=True)
        return folder


def _memory(settings: Settings, root: Path, tell: Callable[[str], None]) -> Memory | None:
    folder = _cache_folder(settings, root)
    return Memory(folder, tell) if folder else None


def _cache_folder(settings: Settings, root: Path) -> Path | None:
    return root / settings.cache_dir if settings.cache_dir else None


@contextlib.contextmanager
def _run_folder() -> Iterator[Path]:
    """A folder of this run's own, which other users may pass through but not list."""
    folder = Path(tempfile.mkdtemp(prefix="spec-to-production-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove it for good: after an interrupt a thread may still be in the middle of a copy."""
    for _ in range(_TRIES_TO_REMOVE):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_BETWEEN_TRIES_S)


@contextlib.contextmanager
def _interrupts() -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into :class:`Interrupted`; further ones change nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(signum: int, _: FrameType | None) -> None:
        for known in before:
            signal.signal(known, signal.SIG_IGN)
        raise Interrupted(signum)

    before = {known: signal.getsignal(known) for known in (signal.SIGINT, signal.SIGTERM)}
    for known in before:
        signal.signal(known, interrupt)
    try:
        yield
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)
