"""Markdown as a flat sequence of blocks that know their lines and the headings above them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from spec_to_production.results import LineRange

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_OPENING = re.compile(
    r"^(?=\*\*\S|[0-9]+\.[0-9]+\.?[ \t]|[ \t]*(?:Requirement )?[A-Z][A-Z0-9_-]*[0-9][\w.]*:)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A heading, a list item, a paragraph or a table row.

    Each line of a paragraph that begins in bold, with a number such as 1.2, with ``FR-1:`` or
    ``Requirement FR-1:`` opens a block of its own, because that is how specs write fields, criteria
    and requirements.

    Attributes:
        text: Markdown without comments; an item's is its first paragraph, a row's is empty.
        lines: An item's include what is nested in it.
        level: Of a heading, 1 to 6; of anything else, the number of list items around it.
        path: The headings above, outermost first, without the document's title.
        cells: A row's texts, each with the lower-case name of its column.
    """

    kind: Literal["heading", "item", "text", "row"]
    text: str
    lines: LineRange
    level: int
    path: tuple[str, ...] = ()
    cells: tuple[tuple[str, str], ...] = ()

    def under(self, heading: re.Pattern[str]) -> bool:
        """Whether the pattern finds one of the headings above."""
        return any(heading.search(above) for above in self.path)


@dataclass(frozen=True)
class Document:
    """A parsed Markdown file. Code, HTML and front matter have no blocks."""

    lines: Sequence[str]
    blocks: Sequence[Block]
    title: str | None

    @classmethod
    def parse(cls, source: str) -> Document:
        r"""Parse Markdown whose lines end in ``\n``."""
        lines = source.split("\n")
        tree = SyntaxTreeNode(_MARKDOWN.parse(_without_front_matter(source)))
        blocks = list(_flatten(tree.children, lines, level=0))
        headings = (block.text for block in blocks if block.kind == "heading")
        return cls(lines, list(_with_paths(blocks)), next(headings, None))

    def section(self, heading: re.Pattern[str]) -> str:
        """The source below the headings that the pattern finds, sub-sections included."""
        parts = []
        end = 0
        for index, block in enumerate(self.blocks):
            start = block.lines.end
            if block.kind == "heading" and start > end and heading.search(block.text):
                following = index + 1 + len(self.below(index))
                last = following == len(self.blocks)
                end = len(self.lines) if last else self.blocks[following].lines.start - 1
                parts.append("\n".join(self.lines[start:end]).strip())
        return "\n\n".join(filter(None, parts))

    def below(self, index: int) -> Sequence[Block]:
        """The blocks of the section that the heading at an index opens."""
        end = index + 1
        while end < len(self.blocks) and not self._closes(self.blocks[end], index):
            end += 1
        return self.blocks[index + 1 : end]

    def inside(self, index: int) -> Sequence[Block]:
        """The blocks nested in the one at an index."""
        end = index + 1
        while (
            end < len(self.blocks) and self.blocks[end].lines.start <= self.blocks[index].lines.end
        ):
            end += 1
        return self.blocks[index + 1 : end]

    def _closes(self, block: Block, index: int) -> bool:
        return block.kind == "heading" and block.level <= self.blocks[index].level


def _without_front_matter(source: str) -> str:
    matter = _FRONT_MATTER.match(source)
    if matter is None:
        return source
    return "\n" * matter[0].count("\n") + source[matter.end() :]


def _flatten(nodes: Iterable[SyntaxTreeNode], lines: Sequence[str], level: int) -> Iterator[Block]:
    for node in nodes:
        match node.type:
            # An underlined heading is most often a paragraph with a rule below it, by mistake.
            case "heading" if node.markup != "-":
                yield Block("heading", _text(node), _range(node, lines), int(node.tag[1]))
            case "heading" | "paragraph":
                yield from _paragraph(node, lines, level)
            case "list_item":
                yield from _item(node, lines, level + 1)
            case "table":
                yield from _rows(node, lines, level)
            case "bullet_list" | "ordered_list" | "blockquote":
                yield from _flatten(node.children, lines, level)


def _paragraph(node: SyntaxTreeNode, lines: Sequence[str], level: int) -> Iterator[Block]:
    start = _range(node, lines).start
    for part in _OPENING.split(_text(node)):
        end = start + part.rstrip("\n").count("\n")
        if part.strip():
            yield Block("text", part.strip(), LineRange(start=start, end=end), level)
        start += part.count("\n")


def _item(node: SyntaxTreeNode, lines: Sequence[str], level: int) -> Iterator[Block]:
    inner = list(_flatten(node.children, lines, level))
    if inner and inner[0].kind == "text":
        yield replace(inner.pop(0), kind="item", lines=_range(node, lines))
    yield from inner


def _rows(table: SyntaxTreeNode, lines: Sequence[str], level: int) -> Iterator[Block]:
    head, *bodies = table.children
    columns = [_text(cell).lower() for cell in head.children[0].children]
    for row in (row for body in bodies for row in body.children):
        cells = zip(columns, map(_text, row.children), strict=False)
        yield Block("row", "", _range(row, lines), level, cells=tuple(cells))


def _with_paths(blocks: Iterable[Block]) -> Iterator[Block]:
    above: list[Block] = []
    titled = False
    for block in blocks:
        if block.kind == "heading":
            above = [heading for heading in above if heading.level < block.level]
        yield replace(block, path=tuple(heading.text for heading in above))
        if block.kind == "heading":
            if titled:
                above.append(block)
            titled = True


def _text(node: SyntaxTreeNode) -> str:
    """The Markdown of a node's inline content, without comments."""
    inline = node.children[0] if node.children else None
    if inline is None:
        return ""
    text = inline.content
    for child in inline.children:
        if child.type == "html_inline" and child.content.startswith("<!--"):
            text = text.replace(child.content, "\n" * child.content.count("\n"), 1)
    return text.strip(" \t")


def _range(node: SyntaxTreeNode, lines: Sequence[str]) -> LineRange:
    if node.map is None:
        raise AssertionError(f"{node.type} has no lines")
    start, end = node.map
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return LineRange(start=start + 1, end=end)
