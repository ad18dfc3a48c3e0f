"""Plain Markdown: a list item or paragraph with MUST, SHALL, SHOULD or MAY (RFC 2119).

Such a requirement has no id, so it gets one that stays as long as its words and the headings
above it do.
"""

from __future__ import annotations

from collections.abc import Iterator

from spec_to_production.results import LineRange, Requirement
from spec_to_production.specs.document import Document
from spec_to_production.specs.fields import (
    Details,
    invented_id,
    keyword_priority,
    plain_item,
    read_field,
    split_priority,
    title_of,
)


def read(document: Document) -> tuple[Requirement, ...]:
    """Every normative list item and paragraph."""
    return tuple(_requirements(document))


def _requirements(document: Document) -> Iterator[Requirement]:
    for index, block in enumerate(document.blocks):
        if block.kind not in ("item", "text"):
            continue
        named = read_field(block.text)
        text, marked = split_priority(named[1] if named else plain_item(block.text))
        priority = keyword_priority(text)
        if priority is None:
            continue
        nested = [part for part in document.inside(index) if not keyword_priority(part.text)]
        yield Requirement(
            id=invented_id(block.path, text),
            title=title_of(text),
            text=text,
            priority=marked or priority,
            criteria=tuple(Details.read(nested).criteria),
            lines=LineRange(start=block.lines.start, end=block.lines.end),
        )
