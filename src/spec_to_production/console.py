"""What the commands of :mod:`.cli` do: run the engine, show the result, write what was asked for.

A module of its own, because importing the engine takes longer than ``--help`` may.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console

from spec_to_production import engine
from spec_to_production.delivery import write_reports
from spec_to_production.errors import InputError, SpecToProductionError
from spec_to_production.live import LiveTable
from spec_to_production.progress import Display, Lines
from spec_to_production.reporting import files, plan_table, summary_table
from spec_to_production.results import Verification, WorkflowResult
from spec_to_production.settings import Settings, from_options
from spec_to_production.snapshot import find_root
from spec_to_production.verification.replay import differences, read_verdicts
from spec_to_production.workflow import Interrupted

BAD_INPUT = 2

T = TypeVar("T")


def run(options: Mapping[str, Any]) -> None:
    """The command ``run``; ends the process, unless it only showed the plan."""
    settings = _settings(options)
    if settings.dry_run:
        plan = _or_exit(lambda: engine.make_plan(settings, Path.cwd()))
        Console().print(plan_table(plan.tasks, plan.spec, plan.component))
        return
    _run(settings)


def verify(options: Mapping[str, Any]) -> NoReturn:
    """The command ``verify``; ends the process."""
    output = options["output"] or ""
    _run(_settings({**options, "output": output, "mode": "verify", "async": True}))


def _run(settings: Settings) -> NoReturn:
    result = _or_exit(lambda: engine.run(settings, Path.cwd(), env=os.environ, display=_display()))
    Console().print(summary_table(result))
    written = _write(settings, result)
    if written:
        click.echo(f"Written: {written}")
    same = not settings.replay or _is_as_before(settings.replay, result)
    sys.stdout.flush()
    if result.interrupted_by is not None:
        # Threads may still be waiting for what was just ended; nothing is left to wait for.
        os._exit(128 + result.interrupted_by)
    sys.exit(engine.exit_code(result, settings.fail_on) or int(not same))


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
    except InputError as error:
        click.echo(f"spec-to-production: {error}", err=True)
        sys.exit(BAD_INPUT)
    except SpecToProductionError as error:
        click.echo(f"spec-to-production: {error}", err=True)
        sys.exit(1)
    except Interrupted as interrupt:
        click.echo("spec-to-production: interrupted before the run began.", err=True)
        os._exit(128 + interrupt.signum)
