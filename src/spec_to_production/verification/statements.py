"""What the statements of a test say: where it asserts, expects an exception or raises one."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from typing import TypeVar

from spec_to_production import syntax

_Statement = TypeVar("_Statement", bound=ast.stmt)
_COMPARING = re.compile(r"assert(\w*Equal|Less|Greater|In|NotIn|Is|IsNot)")


def expects_exception(source: str, line: int | None, *, of_its_own: bool = True) -> bool:
    """Whether a line of a test stands where the test says that it expects an exception.

    Args:
        source: The test's file.
        line: Where in it.
        of_its_own: Whether it may be one that the test raises there itself.
    """
    return line is not None and any(
        first <= line <= last and (of_its_own or not raises)
        for node in nodes_of(source)
        for first, last, raises in _expecting(node)
    )


def _expecting(node: ast.AST) -> Iterator[tuple[int, int, bool]]:
    """The lines in which an exception has to come: of a block, or of a call that is given one;
    and whether it is raised right there.
    """
    if isinstance(node, ast.With | ast.AsyncWith):
        if any("raises" in ast.unparse(item.context_expr).lower() for item in node.items):
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            yield node.body[0].lineno, node.body[-1].end_lineno or node.lineno, raises
    elif (
        isinstance(node, ast.Call) and node.args[1:] and "raises" in ast.unparse(node.func).lower()
    ):
        yield node.lineno, node.end_lineno or node.lineno, False


def may_handle_exception(source: str, line: int | None) -> bool:
    """Whether a line of a test stands in a ``try`` that has a handler."""
    return line is not None and any(
        node.body[0].lineno <= line <= (node.body[-1].end_lineno or line)
        for node in nodes_of(source)
        if isinstance(node, ast.Try) and node.handlers
    )


def is_compared(source: str, line: int | None) -> bool:
    """Whether a line of a test belongs to an assertion that compares values with each other.

    One that asks for a type, or whether anything is there, compares none.
    """
    return any(
        _compares(node)
        for statement in _around(source, line, ast.stmt)
        if is_assertion(statement)
        for node in ast.walk(statement)
    )


def is_assertion(statement: ast.stmt) -> bool:
    """Whether a statement is an ``assert``, or a call such as ``self.assertEqual(…)``."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))):
            return name.startswith("assert")
    return isinstance(statement, ast.Assert)


def _compares(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name):
            return _COMPARING.fullmatch(name) is not None
        case ast.Compare(left=left, comparators=others):
            sides = map(ast.unparse, (left, *others))
            return not any(side.startswith(("None", "type(")) for side in sides)
    return False


@functools.lru_cache(maxsize=64)
def assertions(source: str) -> tuple[range, ...]:
    """The lines of each assertion of a file that has a condition: ``assert False`` has none."""
    return tuple(
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in nodes_of(source)
        if isinstance(node, ast.stmt) and is_assertion(node) and not _is_unconditional(node)
    )


def _is_unconditional(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Constant)


def is_raised(source: str, line: int | None) -> bool:
    """Whether a line of a test raises an exception of the test's own making."""
    return any(node.exc for node in _around(source, line, ast.Raise))


def _around(source: str, line: int | None, kind: type[_Statement]) -> Iterator[_Statement]:
    if line is None:
        return
    for node in nodes_of(source):
        if isinstance(node, kind) and node.lineno <= line <= (node.end_lineno or line):
            yield node


@functools.lru_cache(maxsize=64)
def nodes_of(source: str) -> tuple[ast.AST, ...]:
    """All nodes of a file, read once: it is asked about for every mutant that a test notices."""
    return tuple(ast.walk(syntax.parse(source)))
