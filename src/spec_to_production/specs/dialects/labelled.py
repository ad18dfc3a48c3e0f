"""Requirements with an id of their own: headings, list items, bold lines or table rows.

This is the original's format (``#### FR-1: Addition`` with fields and checkboxes below) and
GitHub spec-kit's (``- **FR-001**: System MUST …``, ``- **SC-001**: …``). The word Requirement may
stand before an id (``Requirement FR-1: …``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from spec_to_production.results import Criterion, LineRange, Requirement
from spec_to_production.specs.document import Block, Document
from spec_to_production.specs.fields import (
    Details,
    keyword_priority,
    one_line,
    plain_item,
    read_priority,
    split_priority,
    title_of,
)

_KNOWN = r"(?:FR|NFR|SC|REQ|BR|UR|SR|QR)[-_]?[0-9]+(?:[.-][0-9]+)*[a-z]?"
_ANY = r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+(?:\.[0-9]+)*[a-z]?"
_LABEL = (
    r"(?P<word>Requirement )?(?P<opening>\*\*|__|`|\[)?(?P<id>{id})(?![\w-])"
    r"(?P<after>\*\*|__|`|\])?[ \t]*(?P<separator>[:.)\u2014\u2013-](?![\w]))?(?P<rest>.*)"
)
_SEPARATORS = " :\u2014\u2013-"
_KNOWN_LABEL = re.compile(_LABEL.format(id=_KNOWN), re.DOTALL)
_ANY_LABEL = re.compile(_LABEL.format(id=_ANY), re.DOTALL)

_REQUIREMENTS = re.compile(r"requirement|success criteria", re.IGNORECASE)
_NON_FUNCTIONAL = re.compile(r"non[- ]?functional|success criteria|quality", re.IGNORECASE)
_NON_FUNCTIONAL_ID = re.compile(r"NFR|SC|QR|PERF|SEC")
_SUCCESS = re.compile(r"success criteria", re.IGNORECASE)
MENTIONS = re.compile(
    r"\btest|\bacceptance|traceab|maturity|change ?log|out of scope|non-goals|open questions"
    r"|\brisks|dependenc|\btasks",
    re.IGNORECASE,
)
"""Sections that speak about requirements rather than state them."""

_COLUMNS: Mapping[str, re.Pattern[str]] = {
    "priority": re.compile(r"priority|importance|moscow"),
    "criteria": re.compile(r"criteri"),
    "title": re.compile(r"title|name|feature"),
    "text": re.compile(r"description|requirement|statement|text"),
}


@dataclass(frozen=True)
class Label:
    """The id that a text begins with, and what follows it."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class _Definition:
    label: Label
    block: Block
    body: Sequence[Block]


def read(document: Document) -> tuple[Requirement, ...]:
    """Every requirement that has an id, in the order of the document."""
    return requirements_of(document.blocks, [_label(block) for block in document.blocks])


def requirements_of(
    blocks: Sequence[Block], labels: Sequence[Label | None]
) -> tuple[Requirement, ...]:
    """The requirements that those blocks define which have a label."""
    return tuple(map(_requirement, _definitions(blocks, labels)))


def _definitions(blocks: Sequence[Block], labels: Sequence[Label | None]) -> list[_Definition]:
    found: list[tuple[Label, int, int]] = []
    owner, owner_end = "", 0
    for index, label in enumerate(labels):
        if label is None:
            continue
        inside = index < owner_end and not _stands_alone(blocks[index])
        if inside and not label.id.startswith((f"{owner}.", f"{owner}-")):
            continue  # the requirement around it only speaks of another one
        end = _end_of_body(blocks, labels, index)
        found.append((label, index, end))
        if not inside:
            owner, owner_end = label.id, end
    starts = {index: end for _, index, end in found}
    return [
        _Definition(label, blocks[index], _own(blocks, index, end, starts))
        for label, index, end in found
    ]


def _stands_alone(block: Block) -> bool:
    return block.kind == "heading" or (block.kind == "text" and block.level == 0)


def _end_of_body(blocks: Sequence[Block], labels: Sequence[Label | None], index: int) -> int:
    first = blocks[index]
    for position in range(index + 1, len(blocks)):
        block = blocks[position]
        if first.kind in ("item", "row"):
            over = block.lines.start > first.lines.end
        else:
            over = (labels[position] is not None and _stands_alone(block)) or (
                block.kind == "heading" and (first.kind == "text" or block.level <= first.level)
            )
        if over:
            return position
    return len(blocks)


def _own(
    blocks: Sequence[Block], index: int, end: int, starts: Mapping[int, int]
) -> Sequence[Block]:
    """The blocks of a body without those of the requirements nested in it."""
    own = []
    position = index + 1
    while position < end:
        if position in starts:
            position = starts[position]
        else:
            own.append(blocks[position])
            position += 1
    return own


def _label(block: Block) -> Label | None:
    if block.under(MENTIONS):
        return None
    text = block.cells[0][1] if block.kind == "row" and block.cells else block.text
    pattern = _ANY_LABEL if block.under(_REQUIREMENTS) else _KNOWN_LABEL
    label = _read(pattern, plain_item(text) if block.kind == "item" else text, block.kind)
    if label and block.under(_SUCCESS) and not label.id.startswith("SC"):
        return None
    return label


def labels_of_headings(texts: Sequence[str]) -> list[Label | None]:
    """The labels that the words of the headings of requirements begin with.

    Without a sign after it, an id of no known kind counts where several headings have one.
    """
    found = [_ANY_LABEL.match(text) for text in texts]
    kinds = Counter(one.rpartition("-")[0] for one in {match["id"] for match in found if match})
    return [
        Label(match["id"], one_line(match["rest"]), "")
        if match and kinds[match["id"].rpartition("-")[0]] > 1
        else _read(_ANY_LABEL, text, "heading")
        for text, match in zip(texts, found, strict=True)
    ]


def _read(pattern: re.Pattern[str], text: str, kind: str) -> Label | None:
    match = pattern.match(text)
    if match is None or not _is_definition(match, kind):
        return None
    rest = match["rest"]
    if match["opening"] and not match["after"]:
        title, _, rest = rest.partition(match["opening"])
        return Label(match["id"], one_line(title).strip(" :"), one_line(rest).lstrip(_SEPARATORS))
    if kind == "heading":
        return Label(match["id"], one_line(rest), "")
    return Label(match["id"], "", one_line(rest))


def _is_definition(match: re.Match[str], kind: str) -> bool:
    bare = not match["rest"].strip()
    match kind:
        case "row":
            return bare
        case "text":
            return match["opening"] == "**" or bool(match["word"] and match["separator"])
        case "heading" if re.fullmatch(_KNOWN, match["id"]):
            return True
    return bool(match["opening"] or match["separator"] or bare)


def _requirement(definition: _Definition) -> Requirement:
    block, label = definition.block, definition.label
    if block.kind == "row":
        return _from_row(block, label.id)
    details = Details.read(definition.body)
    title, marked = split_priority(label.title)
    text = "\n".join(filter(None, [label.text, *details.paragraphs])) or title or label.id
    last = max([block.lines.end, *(part.lines.end for part in definition.body)])
    return Requirement(
        id=label.id,
        kind=details.kind or _kind(label.id, block),
        title=title or title_of(text),
        text=text,
        priority=details.priority or marked or keyword_priority(text) or "medium",
        criteria=tuple(details.criteria),
        lines=LineRange(start=block.lines.start, end=last),
    )


def _from_row(block: Block, label: str) -> Requirement:
    cells: dict[str, str] = {}
    unnamed = []
    for column, value in block.cells[1:]:
        name = next((name for name, known in _COLUMNS.items() if known.search(column)), None)
        if name is None or name in cells:
            unnamed.append(value)
        else:
            cells[name] = one_line(value)
    text = cells.get("text") or cells.get("title") or one_line(" — ".join(unnamed)) or label
    criteria = re.split(r"<br\s*/?>|;", cells.get("criteria", ""))
    return Requirement(
        id=label,
        kind=_kind(label, block),
        title=cells.get("title") or title_of(text),
        text=text,
        priority=read_priority(cells.get("priority", "")) or keyword_priority(text) or "medium",
        criteria=tuple(
            Criterion(text=plain_item(part.strip()), line=block.lines.start)
            for part in criteria
            if part.strip()
        ),
        lines=block.lines,
    )


def _kind(label: str, block: Block) -> Literal["functional", "non_functional"]:
    other = _NON_FUNCTIONAL_ID.match(label) or block.under(_NON_FUNCTIONAL)
    return "non_functional" if other else "functional"
