"""The blocks of a Markdown report, from a template that escapes by default."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from spec_to_production.reporting import escape, words


def block(macro: str, **values: object) -> str:
    """One block or one table row: the macro of that name, without line ends around it."""
    return str(getattr(_macros(), macro)(**values)).strip("\n")


def url(address: str) -> Markup:
    """A trusted address between parentheses; what would end it there is encoded."""
    safe = address.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
    return Markup(safe)  # noqa: S704 - addresses are built by Links


def _escaped(value: object) -> object:
    return value if hasattr(value, "__html__") else escape.text(value)


@functools.cache
def _macros() -> Any:  # noqa: ANN401 - a template's macros are known to the template only
    # Autoescaping lets through what was made safe (Markup). "finalize" comes before it, so
    # everything else is escaped for Markdown, which is also safe as HTML.
    environment = Environment(
        loader=PackageLoader("spec_to_production.reporting"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., object]] = {
        "text": escape.text,
        "prose": escape.prose,
        "code": escape.code,
        "fence": escape.fence,
        "mermaid": escape.mermaid,
        "url": url,
    }
    environment.filters.update(filters)
    environment.globals["count"] = words.count
    return environment.get_template("markdown.j2").module
