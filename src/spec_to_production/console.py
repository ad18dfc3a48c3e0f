"""What the commands of :mod:`.cli` do: run the engine, show the result, write what was asked for.

A module of its own, because importing the engine takes longer than ``--help`` may.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console

from spec_to_production import engine
from spec_to_production.delivery import write_reports
from spec_to_production.errors import InputError, SpecToProductionError
from spec_to_production.live import LiveTable
from spec_to_production.pairs import pairs, settings_of
from spec_to_production.progress import Display, Lines
from spec_to_production.reporting import files, plan_table, summary_table
from spec_to_production.reporting.escape import visible
from spec_to_production.results import Verification, WorkflowResult
from spec_to_production.settings import Settings, from_options
from spec_to_production.snapshot import find_root
from spec_to_production.verification.replay import differences, read_verdicts
from spec_to_production.workflow import Interrupted

BAD_INPUT = 2
_INTERRUPTED = 128  # and the signal's number, as a shell has it

T = TypeVar("T")


def run(options: Mapping[str, Any]) -> None:
    """The command ``run``; ends the process, unless it only showed the plan."""
    every = _or_exit(lambda: _each(_settings(options)))
    if not every[0].dry_run:
        _run(every)
    for settings in every:
        plan = _or_exit(functools.partial(engine.make_plan, settings, Path.cwd()))
        Console().print(plan_table(plan.tasks, plan.spec, plan.component))


def verify(options: Mapping[str, Any]) -> NoReturn:
    """The command ``verify``; ends the process."""
    output = options["output"] or ""
    _run([_settings({**options, "output": output, "mode": "verify", "async": True})])


def _run(every: Sequence[Settings]) -> NoReturn:
    """Run each of them, one after another; the worst of the exit codes is the process's."""
    code = _or_exit(lambda: _run_each(every))
    sys.stdout.flush()
    if code > _INTERRUPTED:
        # Threads may still be waiting for what was just ended; nothing is left to wait for.
        os._exit(code)
    sys.exit(code)


def _run_each(every: Sequence[Settings]) -> int:
    codes = []
    with engine.open_servers(os.environ) as servers:
        for settings in every:
            try:
                result = engine.run(
                    settings, Path.cwd(), env=os.environ, display=_display(), servers=servers
                )
            except SpecToProductionError as error:
                codes.append(_told(error))
                continue
            Console().print(summary_table(result))
            if written := _write(settings, result):
                click.echo(f"Written: {written}")
            same = not settings.replay or _is_as_before(settings.replay, result)
            codes.append(engine.exit_code(result, settings.fail_on) or int(not same))
            if result.interrupted_by is not None:
                return _INTERRUPTED + result.interrupted_by
    return max(codes)


def _each(settings: Settings) -> Sequence[Settings]:
    given = pairs(settings.spec, settings.component, settings.pairs or {}, find_root(Path.cwd()))
    return settings_of(given, settings)


def _display() -> Display:
    console = Console(stderr=True, highlight=False, markup=False)
    if console.is_terminal:
        return LiveTable(console)
    return Lines(lambda line: console.print(line, soft_wrap=True))


def _is_as_before(replayed: str, result: WorkflowResult) -> bool:
    """Say whether a replay gave the verdicts that it was to give again."""
    before = read_verdicts(find_root(Path.cwd()) / replayed)
    changed = differences(before, result.verification or Verification())
    click.echo("\n".join(changed) or f"All {len(before.tests)} verdicts are as they were.")
    return not changed


def _write(settings: Settings, result: WorkflowResult) -> str | None:
    root = find_root(Path.cwd())
    if settings.output_folder is not None:
        write_reports(root / settings.output_folder, files(result))
        return f"{settings.output_folder}/"
    if settings.output and result.verification is not None:
        text = result.verification.model_dump_json(indent=2)
        Path(settings.output).write_text(text, "utf-8")
        return settings.output
    return None


def _settings(options: Mapping[str, Any]) -> Settings:
    named = {name.replace("_", "-"): value for name, value in options.items()}
    return _or_exit(lambda: from_options(named, find_root(Path.cwd()), os.environ))


def _or_exit(work: Callable[[], T]) -> T:
    """Do the work; an error that the user can mend ends the command with a clear text."""
    try:
        return work()
    except SpecToProductionError as error:
        sys.exit(_told(error))
    except Interrupted as interrupt:
        click.echo("spec-to-production: interrupted before the run began.", err=True)
        os._exit(_INTERRUPTED + interrupt.signum)


def _told(error: SpecToProductionError) -> int:
    """Show an error; returns the exit code that it stands for."""
    click.echo(f"spec-to-production: {visible(str(error))}", err=True)
    return BAD_INPUT if isinstance(error, InputError) else 1
