"""Which names of its modules a component changes itself; what is left is a constant."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_REACH_ANY_NAME = frozenset({"setattr", "globals", "vars", "exec", "eval"})
_READERS = frozenset(
    {"all", "any", "bool", "dict", "enumerate", "filter", "frozenset", "iter", "len", "list"}
    | {"map", "max", "min", "repr", "reversed", "set", "sorted", "str", "sum", "tuple", "zip"}
)
_WORD = re.compile(r"\w+")
_READING = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})


@dataclass(frozen=True)
class Changes:
    """What code does to names.

    Attributes:
        bound: Names that may stand for something else once everything is imported.
        handled: Names of which more is done than to look something up: what they stand for may
            be changed in place, there or wherever it was handed to.
    """

    bound: frozenset[str]
    handled: frozenset[str]


@functools.cache
def changes_by(component: frozenset[str]) -> Changes | None:
    """What a component's files do to names, theirs or others'; ``None`` when that is unclear.

    Names count without their modules, and local ones as if they were a module's: one that is
    named here by mistake is not watched, and no harm is done.
    """
    bound, handled = set[str](), set[str]()
    for path in sorted(component):
        for node, parent in _with_parents(_tree(path)):
            if isinstance(node, ast.Global):
                bound.update(node.names)
            elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                bound.add(node.attr)
            elif isinstance(node, ast.Call) and _name(node.func) in _REACH_ANY_NAME:
                return None
            elif (name := _name(node)) and not _only_read(node, parent):
                handled.add(name)
    return Changes(frozenset(bound), frozenset(handled))


@functools.cache
def words_in(files: frozenset[str]) -> frozenset[str]:
    """Every name in files, those in texts included, by which `setattr` and `patch` reach things."""
    texts = (Path(file).read_text("utf-8", errors="replace") for file in files)
    return frozenset(word for text in texts for word in _WORD.findall(text))


def _tree(path: str) -> ast.Module:
    """A file's tree; an empty one where Python cannot read it, for then nothing of it runs."""
    try:
        return ast.parse(Path(path).read_bytes())
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _with_parents(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.AST]]:
    for parent in ast.walk(tree):
        for node in ast.iter_child_nodes(parent):
            yield node, parent


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _only_read(node: ast.AST, parent: ast.AST) -> bool:  # noqa: PLR0911
    """Whether the value of a name cannot be changed by what is done with it here."""
    match parent:
        case ast.Assign() | ast.AnnAssign():
            return parent.value is not node  # where it is defined
        case ast.Subscript():
            return isinstance(parent.ctx, ast.Load) or parent.slice is node
        case ast.Attribute(attr=attribute):
            return attribute in _READING
        case ast.Call(func=function):
            return function is node or _name(function) in _READERS
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            return parent.iter is node
        case ast.If() | ast.While() | ast.IfExp() | ast.Assert():
            return parent.test is node
        case ast.Dict(keys=keys, values=values):
            return any(key is None and one is node for key, one in zip(keys, values, strict=True))
        case ast.Compare() | ast.Starred() | ast.FormattedValue() | ast.UnaryOp():
            return True
        case ast.keyword(arg=None):
            return True
    return False
