"""``report.html``: one file without the network, for a phone as well as for a screen reader."""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib import resources
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from spec_to_production.reporting import chart, escape, headline, ledger, words
from spec_to_production.reporting.links import Links
from spec_to_production.results import WorkflowResult

_NO_LINKS: Final = Links()


class DiffLine(NamedTuple):
    """A line of a diff and what it is: ``added``, ``removed``, ``file``, ``hunk`` or nothing."""

    kind: str
    text: str


def html(result: WorkflowResult, links: Links = _NO_LINKS) -> str:
    """The whole report as one page; nothing is left out."""
    tests = ledger.ordered(result)
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            links=links,
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
            mark=headline.mark(result),
            verdict=headline.verdict(result),
            next_step=headline.next_step(result),
            figures=headline.figures(result),
            warnings=headline.warnings(result),
            rows=ledger.rows(result),
            tests=tests,
            names=ledger.names(result),
            numbers={test.id: number for number, test in enumerate(tests, 1)},
            lanes=chart.lanes(result),
            diff=_diff(result.refactoring.patch if result.refactoring else ""),
            words=words,
        )
    )


def _diff(patch: str) -> tuple[DiffLine, ...]:
    return tuple(DiffLine(_kind(line), line) for line in escape.visible(patch).splitlines())


def _kind(line: str) -> str:
    for start, kind in (
        ("+++", "file"),
        ("---", "file"),
        ("diff ", "file"),
        ("@@", "hunk"),
        ("+", "added"),
        ("-", "removed"),
    ):
        if line.startswith(start):
            return kind
    return ""


def _shown(value: object) -> object:
    """What hides in a text is shown in the page as well; markup is left to autoescape."""
    return escape.visible(value) if type(value) is str else value


def _prose(value: str) -> Markup:
    """Text in which what stands between backticks is shown as code."""
    parts = escape.split_code(escape.visible(value))
    return Markup("").join(
        Markup("<code>{}</code>" if number % 2 else "{}").format(part)  # noqa: S704 - constant
        for number, part in enumerate(parts)
    )


def _asset(name: str) -> str:
    folder = resources.files("spec_to_production.reporting") / "templates"
    return (folder / name).read_text("utf-8")


def _hash(content: str) -> str:
    """How a content security policy names an inline style or script."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("spec_to_production.reporting"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = _prose
    return environment
