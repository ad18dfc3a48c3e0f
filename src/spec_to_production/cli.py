"""The command line: ``spec-to-production run`` and ``spec-to-production verify``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import click
import stamina
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from spec_to_production import __version__
from spec_to_production.settings import fields_of

_DEFAULTS = {("verify", "output"): "nothing is written"}
"""What a command does instead of what holds everywhere else."""

_NAMED_ONCE = {"spec", "component", "tests"}
"""Of what is worked on nothing may be dropped in silence; of other options the last one holds."""


def _options(command: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each setting that it has."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for name, field in reversed(fields_of("command", command).items()):
            function = _option(name, field, _DEFAULTS.get((command, name)))(function)
        return function

    return decorate


def _option(
    name: str, field: FieldInfo, other_default: str | None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    # The model checks and converts; here a value that was not given must stay None, so that
    # the configuration file has its say.
    default = field.get_default()
    text = field.description or ""
    if isinstance(default, bool):
        other = "sync" if name == "async" else f"no-{name}"
        shown = name if default else other
        help_ = f"{text} [default: --{shown}]"
        return click.option(f"--{name}/--{other}", default=None, help=help_)
    shown = other_default or ("" if default in (PydanticUndefined, None, ()) else str(default))
    help_ = f"{text} [default: {shown}]" if shown else text
    if name in _NAMED_ONCE:
        return click.option(
            f"--{name}", multiple=True, callback=_only_one, metavar="VALUE", help=help_
        )
    return click.option(f"--{name}", metavar="VALUE", help=help_)


def _only_one(_: click.Context, option: click.Parameter, given: tuple[str, ...]) -> str | None:
    if len(given) > 1:
        raise click.UsageError(f"{option.opts[0]} is given {len(given)} times; it takes one value.")
    return given[0] if given else None


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def main() -> None:
    """Generate tests from a spec, and show that each one is real."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # in a locale that has no dashes
    stamina.instrumentation.set_on_retry_hooks([])  # else it prints every retry to the terminal


@main.command(short_help="Generate tests with OpenHands, and verify each one.")
@_options("run")
def run(**options: Any) -> None:  # noqa: ANN401
    """Generate tests with OpenHands, verify each one, refactor and report."""
    from spec_to_production import console  # noqa: PLC0415 - its docstring says why

    console.run(options)


@main.command(short_help="Judge tests from anywhere; needs no model and no key.")
@_options("verify")
def verify(**options: Any) -> None:  # noqa: ANN401
    """Judge tests from anywhere against a spec: no model, no key, no server.

    Nothing in the checkout changes. With --output VERDICTS.json the verdicts are written there,
    with --output FOLDER all reports are. A rejected test alone does not make the exit code 1: see
    --fail-on.
    """
    from spec_to_production import console  # noqa: PLC0415 - its docstring says why

    console.verify(options)
