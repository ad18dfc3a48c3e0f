"""A part of a test file, as text."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from spec_to_production import syntax
from spec_to_production.verification.definitions import (
    FunctionNode,
    Owners,
    class_nodes,
    first_line,
    qualified,
    test_nodes,
)

Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Part:
    """What is to stay of a file.

    Attributes:
        functions: Qualified names of the test functions that stay.
        classes: Qualified names of the classes that are left with tests, be they inherited.
        emptied: Those of the classes that are left without.
        without: The inherited tests that a class is to lose, as (class, test).
        rows: Which rows of a function's table of parameters stay, where not all do.
    """

    functions: frozenset[str]
    classes: frozenset[str] = frozenset()
    emptied: frozenset[str] = frozenset()
    without: frozenset[tuple[str, str]] = frozenset()
    rows: Mapping[str, Sequence[bool]] = field(default_factory=dict)


def excerpt(source: str, part: Part) -> str | None:
    """The part of a file that is to stay; ``None`` when that is no test.

    Helpers, fixtures and comments stay as they were written; imports lose the names that only
    what is gone had used.
    """
    if not part.functions and not part.classes:
        return None
    tree = syntax.parse(source)
    text = _edited(source, _Edits(source, tree, part).all())
    left = syntax.parse(text)
    gone = _names([tree]) - _names([left])
    return _edited(text, _imports_without(gone, text, left)).rstrip() + "\n"


def tables_of(node: FunctionNode) -> list[ast.List | ast.Tuple]:
    """The rows of a function's parameters, and their ids; none when that is not one plain table."""
    marks = [
        mark
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.parametrize")
    ]
    if len(marks) != 1 or not marks[0].args[1:]:
        return []
    ids = [word.value for word in marks[0].keywords if word.arg == "ids"]
    tables = [marks[0].args[1], *(one for one in ids if isinstance(one, ast.List | ast.Tuple))]
    plain = [one for one in tables if isinstance(one, ast.List | ast.Tuple)]
    unknown = len(plain) < len(tables) or any(isinstance(one, ast.Name) for one in ids)
    starred = any(isinstance(row, ast.Starred) for one in plain for row in one.elts)
    return [] if unknown or starred else plain


@dataclass(frozen=True)
class _Edits:
    """The edits that leave a part of a file."""

    source: str
    tree: ast.Module
    part: Part

    def all(self) -> Iterator[Edit]:
        """Every edit; none overlaps another."""
        text = _Text(self.source)
        gone = self._gone()
        for node in gone:
            yield text.lines(node, with_blank=True)
        for owners, owner in class_nodes(self.tree):
            if gone.isdisjoint((*owners, owner)):
                name = qualified(owners, owner)
                new = [f"{test} = None" for of, test in sorted(self.part.without) if of == name]
                if not new and gone.issuperset(owner.body):
                    new = ["pass"]
                if new:
                    yield text.at_the_top(owner, new)
        for owners, node in test_nodes(self.tree):
            row = self.part.rows.get(qualified(owners, node))
            if row is not None:
                yield from (text.with_rows(table, row) for table in tables_of(node))

    def _gone(self) -> set[ast.stmt]:
        """The test functions and classes that go, each as a whole."""
        nodes: set[ast.stmt] = {
            node
            for owners, node in test_nodes(self.tree)
            if qualified(owners, node) not in self.part.functions
        }
        dead = {node for owners, node in class_nodes(self.tree) if self._is_dead(owners, node)}
        used = _names([self.tree], leaving_out={*nodes, *dead})
        whole = {node for node in dead if node.name not in used}
        inside = {part for node in whole for part in ast.walk(node) if part is not node}
        return (nodes | whole) - inside

    def _is_dead(self, owners: Owners, node: ast.ClassDef) -> bool:
        """Whether a class had tests, and none of them stays."""
        name = qualified(owners, node)
        had_tests = name in self.part.emptied or any(test_nodes(ast.Module([node], [])))
        kept = (*self.part.functions, *(f"{one}." for one in self.part.classes))
        return had_tests and not any(one.startswith(f"{name}.") for one in kept)


class _Text:
    """Places in a source, in bytes, as the syntax tree counts them."""

    def __init__(self, source: str) -> None:
        self._lines = source.encode().splitlines(keepends=True)
        self._starts: list[int] = list(accumulate(map(len, self._lines), initial=0))

    def lines(self, node: ast.stmt, *, with_blank: bool) -> Edit:
        """Take out a statement's lines, and the blank ones after it."""
        last = node.end_lineno or node.lineno
        while with_blank and last < len(self._lines) and not self._lines[last].strip():
            last += 1
        return self._starts[first_line(node) - 1], self._starts[last], ""

    def is_alone(self, node: ast.stmt) -> bool:
        """Whether nothing but a comment stands on a statement's lines beside it."""
        before = self._lines[node.lineno - 1][: node.col_offset]
        after = self._lines[(node.end_lineno or node.lineno) - 1][node.end_col_offset :].strip()
        return not before.strip() and (not after or after.startswith(b"#"))

    def instead(self, node: ast.stmt, text: str) -> Edit:
        """Replace a statement."""
        return (*self._span(node), text)

    def at_the_top(self, owner: ast.ClassDef, new: Sequence[str]) -> Edit:
        """Put statements before those of a class, after its docstring."""
        first = owner.body[0]
        if first.lineno == owner.body[-1].end_lineno == owner.lineno:  # class A(B): pass
            header = self._lines[owner.lineno - 1][: first.col_offset].rstrip()
            start = self._starts[owner.lineno - 1] + len(header)
            indent = "\n" + " " * (owner.col_offset + 4)
            return start, self._span(owner.body[-1])[1], "".join(indent + line for line in new)
        indent = " " * first.col_offset
        added = "".join(f"{indent}{line}\n" for line in new)
        says = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        line = (first.end_lineno or first.lineno) if says else first_line(first) - 1
        return self._starts[line], self._starts[line], added

    def with_rows(self, table: ast.List | ast.Tuple, stays: Sequence[bool]) -> Edit:
        """Replace a table by one with fewer rows, which are as they were written."""
        start, end = self._span(table)
        rows = [self._of(row) for row, one in zip(table.elts, stays, strict=True) if one]
        opening, closing = "[]" if isinstance(table, ast.List) else "()"
        if table.lineno == table.end_lineno:
            comma = "," if closing == ")" and len(rows) == 1 else ""
            return start, end, opening + ", ".join(rows) + comma + closing
        inner = " " * (table.elts[0].col_offset if table.elts[0].lineno > table.lineno else 8)
        outer = self._lines[(table.end_lineno or table.lineno) - 1]
        outer = outer[: len(outer) - len(outer.lstrip())]
        lines = [f"\n{inner}{row}," for row in rows]
        return start, end, opening + "".join(lines) + f"\n{outer.decode()}{closing}"

    def _of(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return b"".join(self._lines)[start:end].decode()

    def _span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        end: int = self._starts[last] + (node.end_col_offset or 0)
        return self._starts[first] + node.col_offset, end


def _edited(source: str, edits: Iterable[Edit]) -> str:
    data = source.encode()
    # From the end on, so that what stands before keeps its place.
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text.encode() + data[end:]
    return data.decode()


def _names(nodes: Iterable[ast.AST], leaving_out: Collection[ast.AST] = ()) -> set[str]:
    waiting, found = list(nodes), set()
    for node in waiting:
        if node not in leaving_out:
            found |= {node.id} if isinstance(node, ast.Name) else set()
            waiting += ast.iter_child_nodes(node)
    return found


def _imports_without(gone: Collection[str], source: str, tree: ast.Module) -> Iterator[Edit]:
    text = _Text(source)
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and text.is_alone(node):
            left = [a for a in node.names if (a.asname or a.name.partition(".")[0]) not in gone]
            if not left:
                yield text.lines(node, with_blank=False)
            elif len(left) < len(node.names):
                node.names = left
                yield text.instead(node, ast.unparse(node))
