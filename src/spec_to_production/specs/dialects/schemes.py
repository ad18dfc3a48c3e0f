"""Requirements with ids by a scheme of the document's own: ``ACC-1``, ``RPT-01``, ``US-2``, ``R1``.

Such an id looks like ``UTF-8`` or the number of an issue. So several of one kind have to begin or,
in brackets, end what obliges somebody; or stand in the first column of a table, where that is one
of ids.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from spec_to_production.results import Requirement
from spec_to_production.specs.dialects.labelled import MENTIONS, Label, requirements_of
from spec_to_production.specs.document import Block, Document
from spec_to_production.specs.fields import keyword_priority, one_line, plain_item

_ID = (
    r"(?P<id>(?P<prefix>[A-Z][A-Z0-9]*?(?:[-_][A-Z][A-Z0-9]*?)*?)[-_]?"
    r"[0-9]+(?:[.-][0-9]+)*[a-z]?)(?![\w-])"
)
_JOINT = r"[ \t]*(?:[:.\u2014\u2013-](?!\w))?[ \t]*"
_BOLD = re.compile(rf"\*\*{_ID}{_JOINT}(?P<title>[^*]*)\*\*{_JOINT}(?P<rest>.*)", re.DOTALL)
_FIRST = re.compile(rf"[`\[(]?{_ID}[`\])]?{_JOINT}(?P<title>)(?P<rest>.*)", re.DOTALL)
_LAST = re.compile(rf"(?P<title>)(?P<rest>.*\S)\s*[\[(]{_ID}[\])]\.?", re.DOTALL)
_COLUMN = re.compile(r"id|ids|identifier|key|no|nr|number|ref|#|req\w*( id)?|.* id")
_DUTY = re.compile(r"\b(?:must|shall|should|want)\b", re.IGNORECASE)
_PRIORITIES = "P"
_SEVERAL = 2


def read(document: Document) -> tuple[Requirement, ...]:
    """Every requirement that has an id by a scheme of this document."""
    found = [_match(block) for block in document.blocks]
    schemes = _schemes(document, found)
    labels = [
        _label(block, match) if match and match["prefix"] in schemes else None
        for block, match in zip(document.blocks, found, strict=True)
    ]
    return requirements_of(document.blocks, labels)


def _match(block: Block) -> re.Match[str] | None:
    if block.under(MENTIONS):
        return None
    text = block.cells[0][1] if block.kind == "row" and block.cells else block.text
    text = plain_item(text)
    first = _BOLD.match(text) or _FIRST.match(text)
    if block.kind == "row":
        return first if first and not (first["rest"] or first["title"]) else None
    return first or (_LAST.fullmatch(text) if block.kind != "heading" else None)


def _schemes(document: Document, found: Sequence[re.Match[str] | None]) -> set[str]:
    """What the ids of each scheme begin with."""
    speaks_of_duties = any(keyword_priority(block.text) for block in document.blocks)
    ids: dict[str, set[str]] = {}
    for index, match in enumerate(found):
        if match and (not speaks_of_duties or _obliges(document, index)):
            ids.setdefault(match["prefix"], set()).add(match["id"])
    return {
        prefix for prefix, some in ids.items() if len(some) >= _SEVERAL and prefix != _PRIORITIES
    }


def _obliges(document: Document, index: int) -> bool:
    block = document.blocks[index]
    match block.kind:
        case "row":
            return _COLUMN.fullmatch(block.cells[0][0]) is not None
        case "heading":
            parts = [block, *document.below(index)]
        case _:
            parts = [block, *document.inside(index)]
    return any(_DUTY.search(part.text) for part in parts)


def _label(block: Block, match: re.Match[str]) -> Label:
    title, rest = one_line(match["title"]).strip(" :"), one_line(match["rest"])
    if block.kind == "heading" and not title:
        return Label(match["id"], rest, "")
    return Label(match["id"], title, rest)
