"""OpenSpec's format: ``### Requirement: <name>``, a SHALL sentence, ``#### Scenario: <name>``.

The name is the requirement's identity there, so the id is made of it, unless it begins with one,
and stays when the sentence is reworded. A scenario's WHEN, THEN and AND items are one criterion.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from spec_to_production.results import Criterion, LineRange, Requirement
from spec_to_production.specs.dialects.labelled import Label, labels_of_headings
from spec_to_production.specs.document import Block, Document
from spec_to_production.specs.fields import (
    Details,
    invented_id,
    keyword_priority,
    one_line,
    plain_item,
    title_of,
)

_HEADING = re.compile(r"Requirement:\s*(?P<name>\S.*)")
_SCENARIO = re.compile(r"Scenario:\s*(?P<name>.*)")
REMOVED = re.compile(r"^REMOVED ")


def read(document: Document) -> tuple[Requirement, ...]:
    """Every ``Requirement: <name>`` that has a heading and is not removed."""
    found = [
        (match["name"], block, document.below(index))
        for index, block in enumerate(document.blocks)
        if block.kind == "heading"
        and (match := _HEADING.match(block.text))
        and not block.under(REMOVED)
    ]
    labels = labels_of_headings([name for name, _, _ in found])
    return tuple(
        _requirement(label or Label(invented_id((), name), name, ""), heading, body)
        for label, (name, heading, body) in zip(labels, found, strict=True)
    )


def _requirement(label: Label, heading: Block, body: Sequence[Block]) -> Requirement:
    details = Details.read(itertools.takewhile(lambda block: not _opens_scenario(block), body))
    text = "\n".join(filter(None, [label.text, *details.paragraphs])) or label.title or label.id
    return Requirement(
        id=label.id,
        title=label.title or title_of(text),
        text=text,
        priority=details.priority or keyword_priority(text) or "medium",
        criteria=(*details.criteria, *_scenarios(body)),
        lines=LineRange(
            start=heading.lines.start,
            end=max([heading.lines.end, *(block.lines.end for block in body)]),
        ),
    )


def _opens_scenario(block: Block) -> bool:
    return block.kind == "heading" and _SCENARIO.match(block.text) is not None


def _scenarios(body: Sequence[Block]) -> Iterator[Criterion]:
    for index, block in enumerate(body):
        match = _SCENARIO.match(block.text) if block.kind == "heading" else None
        if match is not None:
            steps = itertools.takewhile(lambda part: part.kind != "heading", body[index + 1 :])
            told = " ".join((f"{match['name']}:", *_words(steps)))
            yield Criterion(text=one_line(told), line=block.lines.start)


def _words(blocks: Iterable[Block]) -> Iterator[str]:
    return (plain_item(block.text) for block in blocks if block.kind in ("item", "text"))
