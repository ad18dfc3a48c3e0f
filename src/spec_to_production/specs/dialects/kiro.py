"""Kiro's format: ``### Requirement 1``, a user story, numbered criteria in EARS.

EARS is ``WHEN <event> THE SYSTEM SHALL <response>``, with WHILE, WHERE and IF … THEN besides.
A criterion is cited there as ``1.2``, so its text begins with that number here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from spec_to_production.results import Criterion, LineRange, Requirement
from spec_to_production.specs.document import Block, Document
from spec_to_production.specs.fields import Details, keyword_priority, split_priority, title_of

_HEADING = re.compile(
    r"(?P<id>Requirement (?P<number>[0-9]+(?:\.[0-9]+)*))"
    r"\s*[:.\uff1a\u2014\u2013-]?\s*(?P<title>.*)"
)


def read(document: Document) -> tuple[Requirement, ...]:
    """Every ``Requirement <number>`` that has a heading."""
    return tuple(
        _requirement(match, block, document.below(index))
        for index, block in enumerate(document.blocks)
        if block.kind == "heading" and (match := _HEADING.match(block.text))
    )


def _requirement(match: re.Match[str], heading: Block, body: Sequence[Block]) -> Requirement:
    details = Details.read(body)
    title, marked = split_priority(match["title"].strip())
    text = "\n".join(details.paragraphs) or title or match["id"]
    spoken = "\n".join([text, *(criterion.text for criterion in details.criteria)])
    return Requirement(
        id=match["id"],
        title=title or title_of(text),
        text=text,
        priority=details.priority or marked or keyword_priority(spoken) or "medium",
        criteria=tuple(_numbered(match["number"], details.criteria)),
        lines=LineRange(
            start=heading.lines.start,
            end=max([heading.lines.end, *(block.lines.end for block in body)]),
        ),
    )


def _numbered(number: str, criteria: Sequence[Criterion]) -> list[Criterion]:
    return [
        criterion
        if criterion.text.startswith(f"{number}.")
        else Criterion(text=f"{number}.{place} {criterion.text}", line=criterion.line)
        for place, criterion in enumerate(criteria, start=1)
    ]
