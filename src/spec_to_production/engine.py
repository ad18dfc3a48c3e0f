"""Starts what a run needs, runs it and leaves nothing behind.

Both fronts, the command line and the action, call :func:`run`.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import RenderableType

from spec_to_production import backend, planning
from spec_to_production.assembly import Assembly
from spec_to_production.attestation import Attestations
from spec_to_production.delivery import forget_changes
from spec_to_production.disk import remove
from spec_to_production.environment import install, require
from spec_to_production.errors import SpecToProductionError, fault_of_ours, telling_of_a_full_disk
from spec_to_production.generation.journal import Journal
from spec_to_production.generation.memory import Memory
from spec_to_production.interrupts import Interrupted, raised
from spec_to_production.openhands import Fleet, OpenHands
from spec_to_production.openhands.interface import Model
from spec_to_production.progress import Display, Progress
from spec_to_production.redaction import Redaction
from spec_to_production.reporting import plan_table
from spec_to_production.results import ExecutionMode, GeneratedFile, Problem, Task, WorkflowResult
from spec_to_production.sandbox import Sandbox
from spec_to_production.servers import Servers
from spec_to_production.settings import FailOn, Settings
from spec_to_production.snapshot import Snapshot, find_root
from spec_to_production.specs import problems_of
from spec_to_production.timeline import Timeline
from spec_to_production.workflow import Stages, Workflow

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


def show_plan(settings: Settings, start: Path, env: Mapping[str, str]) -> RenderableType:
    """The plan, and what there is to know of it before anything is spent.

    Raises:
        InputError: Something given is unusable.
    """
    made = make_plan(settings, start)
    return plan_table(
        made.tasks,
        made.spec,
        made.component,
        (*problems_of(made.spec), *made.notes),
        backend.limit_of_cost(settings, env),
    )


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
        python = Path(settings.python or sys.executable)
        # It is started in folders of its own: whatever is named is meant from here.
        sandbox = Sandbox.prepare(work / "sandbox", Path(shutil.which(python) or python).absolute())
        if settings.python:
            needed = () if settings.requirements else ("pytest", "coverage")
            require(sandbox.python, needed, sandbox)
        earlier = stack.enter_context(_earlier(settings, root, planned, progress))
        on_servers = earlier.on_servers(settings, planned.tasks)
        openhands, models = Fleet([]), backend.models(settings)
        if on_servers:
            backend.key_of_cloud(settings)  # whoever is refused is told nothing else
            models = stack.enter_context(
                backend.kept_from_agent(models, settings, len(on_servers), env, progress.tell)
            )
            servers = servers or stack.enter_context(open_servers(env))
            openhands = servers.fleet(settings, earlier.folder, progress.tell)
        elif planned.tasks:
            backend.give_back(settings, env, earlier.folder, progress.tell)
        stack.callback(sandbox.stop_all)  # the first to be called: it takes the most of the machine
        sandbox = _with_requirements(sandbox, settings, planned.snapshot, work, env, progress)
        assembly = Assembly(settings, root, work, planned, sandbox, timeline, progress, redaction)
        workflow = Workflow(
            assembly.subject(),
            _stages(assembly, earlier, openhands, models),
            max_parallel=settings.max_parallel_jobs,
            timeline=timeline,
            progress=progress,
        )
        if settings.output_folder is not None:
            forget_changes(root / settings.output_folder)
        result = _result_of(workflow, "async" if settings.async_ else "sync", release)
        result = redaction.value(assembly.with_trajectories(result))
        return _keep(result, earlier, assembly)


@dataclass(frozen=True)
class _Earlier:
    """What earlier runs left for this one, and where this one leaves its own.

    Attributes:
        folder: What is kept between runs, if the user named a folder.
        answers: The files of tasks that are answered already, by the tasks' ids.
    """

    folder: Path | None
    memory: Memory | None
    journal: Journal
    attestations: Attestations | None
    answers: Mapping[str, Sequence[GeneratedFile]]

    def on_servers(self, settings: Settings, tasks: Sequence[Task]) -> list[Task]:
        """The tasks without an answer, and those whose conversation may have to be deleted."""
        are_kept, begun = backend.keeps_conversations(settings), self.journal.conversation
        return [task for task in tasks if task.id not in self.answers or (are_kept and begun(task))]


@contextlib.contextmanager
def _earlier(
    settings: Settings, root: Path, planned: planning.Plan, progress: Progress
) -> Iterator[_Earlier]:
    folder = planning.answers_folder(settings, root)
    memory = Memory(folder, progress.tell) if folder else None
    key = backend.sealing_key(settings)
    sealed = Attestations(folder, key, progress.tell) if folder and key and planned.tasks else None
    journal = _journal(memory, planned, resume=settings.resume)
    with contextlib.closing(journal):
        answers = journal.answers(planned.tasks)
        answers |= memory.answers(planned.tasks) if memory else {}
        yield _Earlier(folder, memory, journal, sealed, answers)


def _stages(
    assembly: Assembly, earlier: _Earlier, openhands: OpenHands, models: Sequence[Model]
) -> Stages:
    """The stages of this run; where no job is left, what is known of the tests is recalled."""
    tasks = assembly.plan.tasks
    if not tasks:
        return assembly.stages(None)
    stages = assembly.stages(
        assembly.jobs_on(openhands, models, earlier.answers, earlier.journal, earlier.memory)
    )
    if earlier.attestations is None or len(earlier.answers) < len(tasks):
        return stages
    known = [file for files in earlier.answers.values() for file in files]
    return replace(stages, recall=partial(assembly.recall, earlier.attestations, known))


def _keep(result: WorkflowResult, earlier: _Earlier, assembly: Assembly) -> WorkflowResult:
    """Leave to later runs what this one learned; what cannot be left is noted in the result."""
    steps: dict[str, Callable[[], None]] = {}
    if earlier.memory:
        steps["How its jobs went"] = partial(earlier.memory.learn, result)
    if earlier.attestations:
        steps["What it measured"] = partial(assembly.attest, earlier.attestations, result)
    if result.interrupted_by is None:
        steps["That it came to its end"] = earlier.journal.remove
    notes = [note for what, step in steps.items() if (note := _note_of(what, step))]
    problems = (*result.problems, *assembly.redaction.value(notes))
    return result.model_copy(update={"problems": problems})


def _note_of(what: str, step: Callable[[], None]) -> Problem | None:
    try:
        step()
    except Exception as error:  # noqa: BLE001 - the result is there, and matters more
        expected = isinstance(error, OSError | SpecToProductionError)
        why = error if expected else fault_of_ours(error).message
        return Problem(
            stage=None,
            message=f"{what} could not be kept for later runs: {why}",
            hint="This run is whole; a later one may do again what this one did.",
            level="note",
        )
    return None


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


def _with_requirements(  # noqa: PLR0917 - collaborators are passed in as arguments
    sandbox: Sandbox,
    settings: Settings,
    snapshot: Snapshot,
    work: Path,
    env: Mapping[str, str],
    progress: Progress,
) -> Sandbox:
    """The same sandbox, whose Python has what the component needs."""
    if not settings.requirements:
        return sandbox
    progress.tell(f"installing {' '.join(settings.requirements)}")
    code = snapshot.copy(work / "installation")
    sandbox.hand_over(code)
    python = install(
        sandbox.python,
        settings.requirements,
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
    errors = bool(result.errors) or any(job.status != "succeeded" for job in result.jobs)
    disputes = bool(result.verification and result.verification.having("disputed"))
    fails = {
        "never": False,
        "errors": errors,
        "disputes": errors or disputes,
        "gates": errors or not result.promotable,
    }
    return int(fails[fail_on])


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
    """Remove it for good: after an interrupt a thread may still be in the middle of a copy.

    What cannot be removed all the same is told.
    """
    for _ in range(_TRIES_TO_REMOVE):
        remove(folder)
        if not folder.exists():
            return
        time.sleep(_BETWEEN_TRIES_S)
    sys.stderr.write(f"{folder} could not be removed: please do it by hand.\n")
