"""What a run is about to do, from the settings and the checkout. Nothing is started here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spec_to_production import backend
from spec_to_production.components import find_component, unread_modules
from spec_to_production.delivery import require_folder, require_place
from spec_to_production.errors import SettingsError
from spec_to_production.generation.disputes import Disputes
from spec_to_production.generation.durations import Durations
from spec_to_production.generation.plan import plan
from spec_to_production.generation.prompts import Prompts
from spec_to_production.generation.schedule import in_order
from spec_to_production.results import Component, GeneratedFile, Problem, Spec, Task
from spec_to_production.settings import Settings
from spec_to_production.snapshot import Snapshot
from spec_to_production.specs import read_spec
from spec_to_production.verification import Effort, load_tests, set_aside, text_of
from spec_to_production.verification.contribution import named_in
from spec_to_production.verification.replay import effort_of, read_verdicts


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
    notes: Sequence[Problem] = ()
    """What is to be known of the component before anything is spent."""


def make(settings: Settings, root: Path, work: Path) -> Plan:
    """Read spec and component of a checkout, and plan what is to be done with them.

    Args:
        settings: What the user asked for.
        root: The checkout.
        work: The run's own folder, for the snapshot.

    Raises:
        InputError: Something given is unusable.
    """
    for name in ("spec", "component", "tests"):
        _require_text(name, getattr(settings, name) or "")
    spec = read_spec(settings.spec, root)
    if settings.output_folder is not None:
        require_folder(root / settings.output_folder)
    elif settings.output:
        require_place((root / settings.output).parent)
    snapshot = Snapshot.take(root, work / "base")
    if settings.mode == "verify":
        return _for_verification(settings, spec, root, snapshot)
    component = find_component(settings.component, snapshot.path, checkout=root)
    tasks: Sequence[Task] = ()
    if settings.enable_openhands:
        tasks = _by_value(settings, spec, component, root, snapshot.path)
    if tasks and not settings.llm_model and not settings.dry_run:
        raise SettingsError(
            "llm-model: not given, and OpenHands needs a model to write tests.",
            hint="Give llm-model and llm-api-key (or LLM_MODEL and LLM_API_KEY), "
            "or switch generation off with --no-enable-openhands.",
        )
    notes = tuple(unread_modules(component, snapshot.path))
    return Plan(spec, component, snapshot, tasks, notes=notes)


def _require_text(name: str, path: str) -> None:
    """No report could name a path that is no text: one of a locale that is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise SettingsError(
            f"{name}: {path} is no text in the encoding of this locale.",
            hint="Set PYTHONUTF8=1, or a locale with UTF-8; or rename it.",
        ) from error


def _by_value(
    settings: Settings, spec: Spec, component: Component, root: Path, code: Path
) -> list[Task]:
    """The tasks, those first that are worth the most by what tests and earlier runs tell."""
    folder = answers_folder(settings, root)
    durations = Durations.read(folder) if folder else Durations({})
    disputes = Disputes.read(folder) if folder else Disputes({})
    existing = [code / path for path in component.test_files]
    tasks = plan(
        spec,
        component,
        Prompts(spec, component, code),
        code,
        backend.made_by(settings),
        tested=named_in(existing, spec.requirements),
        disputed=disputes.between(spec, component),
    )
    return in_order(tasks, component, durations.root)


def _for_verification(settings: Settings, spec: Spec, root: Path, snapshot: Snapshot) -> Plan:
    """The tests to judge do not count as the suite that was there before."""
    component = find_component(settings.component, snapshot.path, checkout=root)
    effort = None
    if settings.replay:
        recorded = read_verdicts(root / settings.replay)
        candidates, effort = recorded.candidates, effort_of(recorded)
    elif settings.tests:
        file, _, test = settings.tests.partition("::")
        if test:
            raise SettingsError(
                f"tests: {settings.tests} is the id of a test, and ids are not taken.",
                hint=f"Name its file: {file}",
            )
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
        notes=tuple(unread_modules(component, snapshot.path)),
    )


def _is_in(snapshot: Snapshot, file: GeneratedFile) -> bool:
    """Whether it is this file that lies there, and not one that it would replace."""
    there = snapshot.path / file.path
    return there.is_file() and text_of(there) == file.content


def answers_folder(settings: Settings, root: Path) -> Path | None:
    """Where answers and times are kept for later runs, if the user named a folder."""
    return root / settings.cache_dir if settings.cache_dir else None
