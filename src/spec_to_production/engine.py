"""Starts what a run needs, runs it and leaves nothing behind.

Both fronts, the command line and the action, call :func:`run`.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from spec_to_production import backend, planning
from spec_to_production.assembly import Assembly
from spec_to_production.attestation import Attestations
from spec_to_production.disk import remove
from spec_to_production.environment import install
from spec_to_production.errors import telling_of_a_full_disk
from spec_to_production.generation.journal import Journal
from spec_to_production.generation.memory import Memory
from spec_to_production.interrupts import Interrupted, raised
from spec_to_production.openhands import Fleet
from spec_to_production.progress import Display, Progress
from spec_to_production.redaction import Redaction
from spec_to_production.results import ExecutionMode, WorkflowResult
from spec_to_production.sandbox import Sandbox
from spec_to_production.servers import Servers
from spec_to_production.settings import FailOn, Settings
from spec_to_production.snapshot import Snapshot, find_root
from spec_to_production.timeline import Timeline
from spec_to_production.workflow import Workflow

# The runner gives these to a container action (``ContainerActionHandler.cs`` in actions/runner).
_TOKENS = ("ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")

_TRIES_TO_REMOVE, _BETWEEN_TRIES_S = 20, 0.05


def make_plan(settings: Settings, start: Path) -> planning.Plan:
    """Read spec and component and plan the jobs. Starts nothing and spends nothing.

    Raises:
        InputError: Something given is unusable.
    """
    with _run_folder() as work:
        root = find_root(start)
        return planning.make(settings, root, work)


@contextlib.contextmanager
def open_servers(env: Mapping[str, str]) -> Iterator[Servers]:
    """Agent servers for as many runs as there are in the block; it leaves nothing behind."""
    with _run_folder() as folder, contextlib.closing(Servers(folder, env)) as made:
        yield made


def run(
    settings: Settings,
    start: Path,
    *,
    env: Mapping[str, str],
    display: Display,
    servers: Servers | None = None,
) -> WorkflowResult:
    """One whole run, in the checkout that ``start`` lies in; it always comes back with a result.

    Accepted tests and the patch are written below ``settings.output``; the reports are for the
    caller to render. Ctrl-C and SIGTERM end the run early; once there is a result, they are the
    caller's again.

    Args:
        settings: What the user asked for.
        start: A folder in the checkout.
        env: The environment of this process.
        display: Shows how the run goes on.
        servers: Where jobs run; without them on some of the run's own.

    Raises:
        InputError: Something given is unusable; nothing was started.
        Interrupted: There is no result, for a signal came before the first stage.
    """
    timeline = Timeline()
    redaction = Redaction.of(secrets(settings, env))
    progress = Progress(display, timeline.now_ms, redaction.text)
    with raised() as release, _run_folder() as work, contextlib.ExitStack() as stack:
        stack.enter_context(progress.alive())
        root = find_root(start)
        with timeline.measure("specification"):
            planned = planning.make(settings, root, work)
        sandbox = Sandbox.prepare(work / "sandbox", Path(settings.python or sys.executable))
        kept = planning.answers_folder(settings, root)
        memory = Memory(kept, progress.tell) if kept else None
        journal = _journal(memory, planned, resume=settings.resume)
        stack.callback(journal.close)
        answers = journal.answers(planned.tasks)
        answers |= memory.answers(planned.tasks) if memory else {}
        left = len(planned.tasks) - len(answers)
        models = backend.models(settings)
        openhands = Fleet([])
        if left:
            models = stack.enter_context(
                backend.kept_from_agent(models, settings, left, env, progress.tell)
            )
            servers = servers or stack.enter_context(open_servers(env))
            openhands = servers.fleet(settings, kept, progress.tell)
        stack.callback(sandbox.stop_all)  # the first to be called: it takes the most of the machine
        if settings.requirements:
            progress.tell(f"installing {' '.join(settings.requirements)}")
            sandbox = _with_requirements(
                sandbox, settings.requirements, planned.snapshot, work, env
            )
        assembly = Assembly(settings, root, work, planned, sandbox, timeline, progress, redaction)
        attestations = _attestations(settings, kept, progress) if planned.tasks else None
        make_jobs = (
            assembly.jobs_on(openhands, models, answers, journal, memory) if planned.tasks else None
        )
        stages = assembly.stages(make_jobs)
        if attestations and not left:
            known = [file for files in answers.values() for file in files]
            stages = replace(stages, recall=partial(assembly.recall, attestations, known))
        workflow = Workflow(
            assembly.subject(),
            stages,
            max_parallel=settings.max_parallel_jobs,
            timeline=timeline,
            progress=progress,
        )
        result = _result_of(workflow, "async" if settings.async_ else "sync", release)
        result = redaction.value(assembly.with_trajectories(result))
        if memory:
            memory.learn(result.jobs)
        if attestations:
            assembly.attest(attestations, result)
        if result.interrupted_by is None:
            journal.remove()
        return result


def _result_of(
    workflow: Workflow, mode: ExecutionMode, release: Callable[[], None]
) -> WorkflowResult:
    """The result of a run, which no interrupt can cost any more."""
    try:
        result = workflow.run(mode)
        release()
    except Interrupted:  # between the end of the last stage and the release
        result = workflow.result(mode)
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


def _attestations(settings: Settings, kept: Path | None, progress: Progress) -> Attestations | None:
    key = backend.sealing_key(settings)
    return Attestations(kept, key, progress.tell) if kept and key else None


def _journal(memory: Memory | None, planned: planning.Plan, *, resume: bool) -> Journal:
    if memory is None or not planned.tasks:
        return Journal()
    return memory.journal(planned.tasks, planned.snapshot.commit, resume=resume)


@contextlib.contextmanager
def _run_folder() -> Iterator[Path]:
    """A folder of this run's own, which other users may pass through but not list."""
    with telling_of_a_full_disk():
        folder = Path(tempfile.mkdtemp(prefix="spec-to-production-"))
        folder.chmod(0o711)
        try:
            yield folder
        finally:
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove it for good: after an interrupt a thread may still be in the middle of a copy."""
    for _ in range(_TRIES_TO_REMOVE):
        remove(folder)
        if not folder.exists():
            return
        time.sleep(_BETWEEN_TRIES_S)
