"""The command line: ``spec-to-production run`` and ``spec-to-production verify``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from rich.console import Console

from spec_to_production import __version__, engine
from spec_to_production.delivery import write_reports
from spec_to_production.errors import InputError, SpecToProductionError
from spec_to_production.reporting import files, plan_table, summary_table
from spec_to_production.results import WorkflowResult
from spec_to_production.settings import Settings, fields_of, from_options
from spec_to_production.snapshot import find_root
from spec_to_production.workflow import Interrupted

BAD_INPUT = 2

T = TypeVar("T")


def _options(command: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each setting that it has."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for name, field in reversed(fields_of("command", command).items()):
            function = _option(name, field)(function)
        return function

    return decorate


def _option(name: str, field: FieldInfo) -> Callable[[Callable[..., None]], Callable[..., None]]:
    # The model checks and converts; here a value that was not given must stay None, so that
    # the configuration file has its say.
    default = field.get_default()
    text = field.description or ""
    if isinstance(default, bool):
        other = "sync" if name == "async" else f"no-{name}"
        shown = name if default else other
        help_ = f"{text} [default: --{shown}]"
        return click.option(f"--{name}/--{other}", default=None, help=help_)
    known = default not in (PydanticUndefined, None, ())
    help_ = f"{text} [default: {default}]" if known else text
    return click.option(f"--{name}", default=None, metavar="VALUE", help=help_)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def main() -> None:
    """From a spec to tests that are shown to be real."""


@main.command()
@_options("run")
def run(**options: Any) -> None:  # noqa: ANN401
    """Let OpenHands write tests from a spec, verify every one, refactor beside it, report."""
    settings = _settings(options)
    if settings.dry_run:
        plan = _or_exit(lambda: engine.make_plan(settings, Path.cwd()))
        Console().print(plan_table(plan.tasks, plan.spec, plan.component))
        return
    _run(settings)


@main.command()
@_options("verify")
def verify(**options: Any) -> None:  # noqa: ANN401
    """Judge tests from anywhere against a spec: no model, no key, no server.

    Nothing in the checkout changes. With --output VERDICTS.json the verdicts are written there,
    with --output FOLDER all reports are.
    """
    options["output"] = options["output"] or ""
    _run(_settings({**options, "mode": "verify", "async": True}))


def _run(settings: Settings) -> None:
    lines = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    result = _or_exit(lambda: engine.run(settings, Path.cwd(), env=os.environ, write=lines.print))
    Console().print(summary_table(result))
    written = _write(settings, result)
    if written:
        click.echo(f"Written: {written}")
    sys.stdout.flush()
    if result.interrupted_by is not None:
        # Threads may still be waiting for what was just ended; nothing is left to wait for.
        os._exit(128 + result.interrupted_by)
    sys.exit(engine.exit_code(result, settings.fail_on))


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


def _settings(options: dict[str, Any]) -> Settings:
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
