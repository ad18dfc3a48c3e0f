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
from spec_to_production.delivery import forget_verdicts, write_reports, write_verdicts
from spec_to_production.errors import InputError, SettingsError, SpecToProductionError
from spec_to_production.interrupts import noted
from spec_to_production.live import LiveTable
from spec_to_production.pairs import pairs, settings_of
from spec_to_production.progress import Display, Lines
from spec_to_production.reporting import files, summary_table
from spec_to_production.reporting.escape import visible
from spec_to_production.results import Verification, WorkflowResult
from spec_to_production.series import Front, code_of_error, run_each
from spec_to_production.settings import Settings, from_options
from spec_to_production.snapshot import find_root
from spec_to_production.verification.replay import (
    differences,
    inputs_of,
    naming_inputs,
    read_verdicts,
)

T = TypeVar("T")


def run(options: Mapping[str, Any]) -> None:
    """The command ``run``; ends the process, unless it only showed the plan."""
    every = _or_exit(lambda: _each(options))
    if not every[0].dry_run:
        _run(every)
    for settings in every:
        show = functools.partial(engine.show_plan, settings, _here(), os.environ)
        Console().print(_or_exit(show))


def verify(options: Mapping[str, Any]) -> NoReturn:
    """The command ``verify``; ends the process."""
    output, replayed = options["output"] or "", options["replay"]
    if output.endswith(".json"):
        _or_exit(lambda: _forget(output, replayed))
    _run(_or_exit(lambda: _each({**options, "output": output, "mode": "verify", "async": True})))


def _forget(output: str, replayed: str | None) -> None:
    """Let no earlier verdicts stand where those of this run are to be read."""
    root = find_root(_here())
    if replayed and (root / replayed).resolve() == (root / output).resolve():
        raise SettingsError(f"output: {output} is what is replayed.", hint="Name another file.")
    forget_verdicts(root / output)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise InputError(
            "The folder that this runs in is gone.", hint="Change to the repository first."
        ) from error


def _each(options: Mapping[str, Any]) -> Sequence[Settings]:
    """The settings for each pair of spec and component."""
    root = find_root(_here())
    named = {name.replace("_", "-"): value for name, value in options.items() if value is not None}
    if "replay" in named:
        named = inputs_of(read_verdicts(root / named["replay"])) | named
    settings = from_options(named, root, os.environ)
    given = pairs(settings.spec, settings.component, settings.pairs or {}, root)
    return settings_of(given, settings)


def _run(every: Sequence[Settings]) -> NoReturn:
    """Run each of them, one after another; the worst of the exit codes is the process's."""
    front = Front(display=_display, finish=_finish, tell=_tell)
    with noted() as came:
        outcome = run_each(every, _here(), os.environ, front, came)
    if outcome.interrupted_by is not None and not outcome.results:
        click.echo("spec-to-production: interrupted before the run began.", err=True)
    sys.stdout.flush()
    if outcome.interrupted_by is not None:
        # Threads may still be waiting for what was just ended; nothing is left to wait for.
        os._exit(outcome.exit_code)
    sys.exit(outcome.exit_code)


def _display() -> Display:
    console = Console(stderr=True, highlight=False, markup=False)
    if console.is_terminal:
        return LiveTable(console)
    return Lines(lambda line: console.print(line, soft_wrap=True))


def _finish(settings: Settings, result: WorkflowResult) -> int:
    """Show a result and write what was asked for; returns its exit code."""
    Console().print(summary_table(result))
    if written := _write(settings, result):
        click.echo(f"Written: {written}")
    same = not settings.replay or _is_as_before(settings.replay, result)
    return engine.exit_code(result, settings.fail_on) or int(not same)


def _is_as_before(replayed: str, result: WorkflowResult) -> bool:
    """Say whether a replay gave the verdicts that it was to give again."""
    before = read_verdicts(find_root(_here()) / replayed)
    changed = differences(before, result.verification or Verification())
    click.echo("\n".join(changed) or f"All {len(before.tests)} verdicts are as they were.")
    return not changed


def _write(settings: Settings, result: WorkflowResult) -> str | None:
    root = find_root(_here())
    if settings.output_folder is not None:
        write_reports(root / settings.output_folder, files(result))
        return f"{settings.output_folder}/"
    if settings.output and result.verification is not None:
        write_verdicts(root / settings.output, naming_inputs(result.verification, result))
        return settings.output
    return None


def _or_exit(work: Callable[[], T]) -> T:
    """Do the work; an error that the user can mend ends the command with a clear text."""
    try:
        return work()
    except SpecToProductionError as error:
        _tell(error)
        sys.exit(code_of_error(error))


def _tell(error: SpecToProductionError) -> None:
    click.echo(f"spec-to-production: {visible(str(error))}", err=True)
