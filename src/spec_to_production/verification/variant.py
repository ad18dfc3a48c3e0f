"""What stands in the place of a node of a module, and the words for it."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass

STAND_INS = ast.parse(
    "__import__('spec_to_production_runner.stand_ins').stand_ins", mode="eval"
).body
_LONGEST = 60


@dataclass(frozen=True)
class Variant:
    """What stands in a node's place. ``nulling`` says that something is only taken away: a value,
    which a check that there is some value notices already, or the handling of an error, which may
    be one that the test raises itself. ``other_error`` says that another exception is raised,
    ``unscored`` that few tests have to notice, so that it does not count where all mutants do.
    """

    node: ast.AST
    description: str
    nulling: bool = False
    other_error: bool = False
    unscored: bool = False


def becoming(node: ast.AST, **fields: object) -> Variant:
    """The node with other fields."""
    other = changed(node, **fields)
    return Variant(other, f"{text_of(node)} became {text_of(other)}")


def instead(node: ast.AST, other: ast.AST) -> Variant:
    """Another node."""
    return Variant(other, f"{text_of(node)} became {text_of(other)}")


def changed(node: ast.AST, **fields: object) -> ast.AST:
    """A copy of the node with other fields."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def helped(helper: str, value: ast.expr) -> ast.Call:
    """A value that goes through one of the functions of ``stand_ins`` where tests run."""
    return ast.Call(ast.Attribute(STAND_INS, helper, ast.Load()), [value], [])


def holds_constant(node: ast.AST) -> bool:
    """Whether it is a constant that is something."""
    return isinstance(node, ast.Constant) and node.value is not None


def is_off_limits(node: ast.AST) -> bool:
    """Code whose change says nothing about behaviour, or breaks the machinery instead."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Assert():
            return True
        case (
            ast.Assign(targets=[ast.Name(id=name)])
            | ast.AnnAssign(target=ast.Name(id=name))
            | ast.AugAssign(target=ast.Name(id=name))
        ):
            return name.startswith("__") and name.endswith("__")
        case ast.If(test=test):
            return "TYPE_CHECKING" in ast.unparse(test) or "__name__" in ast.unparse(test)
    return False


def text_of(node: ast.AST) -> str:
    """The first line of a node, or as much of it as a line of a report has room for."""
    line = ast.unparse(node).partition("\n")[0]
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
