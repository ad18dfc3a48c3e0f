"""The pull-request comment and the job summary: one document in Markdown, made to fit."""

from __future__ import annotations

import functools
from typing import Final

from spec_to_production.reporting import words
from spec_to_production.reporting.blocks import url
from spec_to_production.reporting.fit import fit, utf8, utf16
from spec_to_production.reporting.links import Links
from spec_to_production.reporting.sections import overview, sections
from spec_to_production.results import WorkflowResult

COMMENT_LIMIT: Final = 65_536
"""Characters that GitHub takes for the body of a comment."""
SUMMARY_LIMIT: Final = 1_000_000
"""Bytes for a job summary; GitHub drops one of more than 1 MiB whole."""

_NO_LINKS = Links()


def comment(
    *results: WorkflowResult,
    links: Links = _NO_LINKS,
    limit: int = COMMENT_LIMIT,
    marker: str = "",
) -> str:
    """The pull-request comment.

    Args:
        results: What to tell. Of several, an overview and what needs a person are told.
        links: Where the reader can go on.
        limit: The most characters, counted in UTF-16 units. The headings alone need a few
            thousand.
        marker: A line to put first, trusted; the comment is found again by it.

    Raises:
        ValueError: The limit leaves no room for the headings.
    """
    opening = f"{marker}\n" if marker else ""
    body = fit(
        sections(results[0], links) if len(results) == 1 else overview(results, links),
        limit=limit - utf16(opening),
        size=utf16,
        note=functools.partial(_left_out, links=links),
    )
    return opening + body


def summary(*results: WorkflowResult, links: Links = _NO_LINKS, limit: int = SUMMARY_LIMIT) -> str:
    """The job summary: all there is to say, of every result. ``limit`` is in bytes."""
    note = functools.partial(_left_out, links=links)
    first = overview(results, links) if len(results) > 1 else ()
    each = (section for result in results for section in sections(result, links))
    return fit((*first, *each), limit=limit, size=utf8, note=note)


def _left_out(missing: int, shortened: int, *, links: Links) -> str:
    """What a section does not show, and where it is."""
    told = " and ".join(
        f"{words.count(number, 'entry', 'entries')} {fate}"
        for number, fate in ((missing, "left out"), (shortened, "shortened"))
        if number
    )
    place = f"[full report]({url(links.artifact_url)})" if links.artifact_url else "full report"
    return f"*{told} to fit: all of it is in the {place}.*"
