"""Sentences with MUST or SHALL that belong to no requirement, so that nobody misses them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from spec_to_production.results import Criterion, Problem, Spec
from spec_to_production.specs.dialects import labelled, openspec
from spec_to_production.specs.document import Document
from spec_to_production.specs.fields import plain_item, read_field, title_of

_DUTY = re.compile(r"\b(?:MUST|SHALL)\b")
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|\u201c[^\u201d]*\u201d")
_BOILERPLATE = re.compile(r"\bkey ?words?\b|\bRFC[ -]?(?:2119|8174)|\bBCP[ -]?14", re.IGNORECASE)
_SHOWN = 5


def unclaimed(document: Document, taken: Collection[int]) -> Iterator[Criterion]:
    """What obliges outside of the lines that requirements took.

    Quotations, and sections that only speak about requirements, do not count.
    """
    for block in document.blocks:
        line = block.lines.start
        elsewhere = block.under(labelled.MENTIONS) or block.under(openspec.REMOVED)
        quoted = document.lines[line - 1].lstrip().startswith(">")
        if line in taken or elsewhere or quoted:
            continue
        for text in (value for _, value in block.cells) if block.cells else [block.text]:
            if _obliges(text):
                yield Criterion(text=plain_item(text), line=line)


def problems_of(spec: Spec) -> Sequence[Problem]:
    """What is to be said of the spec's sentences that no requirement has taken."""
    if not spec.unclaimed:
        return []
    told = [f"{spec.path}:{one.line} “{title_of(one.text)}”" for one in spec.unclaimed[:_SHOWN]]
    more = len(spec.unclaimed) - len(told)
    return [
        Problem(
            stage="specification",
            message="Outside of every requirement, so no test can stand for it: "
            + "; ".join(told)
            + (f"; and {more} more." if more else "."),
            hint="Give it an id, as in '- **FR-1**: The system MUST …', or say it in lower case.",
            level="note",
        )
    ]


def _obliges(text: str) -> bool:
    """Whether a text says MUST or SHALL of something, rather than of these words."""
    named = read_field(text)
    said = _QUOTED.sub("", named[1] if named else text).strip()
    return " " in said and bool(_DUTY.search(said)) and not _BOILERPLATE.search(text)
