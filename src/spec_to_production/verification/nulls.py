"""Null implementations: the component with every function replaced by one that does nothing.

Functions and methods ask at each call whether a null stands in for them. Constructors and the
like stay, for without objects no test gets far. What is called while modules are imported gets
the real result: the null is switched on when collection is over.
"""

from __future__ import annotations

import ast
from typing import TypeVar

from spec_to_production import syntax

_Node = TypeVar("_Node", ast.FunctionDef, ast.AsyncFunctionDef)

LEFT_IN_PLACE = frozenset(
    {
        "__init__",
        "__new__",
        "__post_init__",
        "__init_subclass__",
        "__set_name__",
        "__class_getitem__",
        "__getattr__",
        "__getattribute__",
        "__setattr__",
        "__delattr__",
        "__del__",
        "__hash__",
        "__repr__",
        "__str__",
        "__format__",
    }
)
_STAND_INS = "__import__('spec_to_production_runner.stand_ins').stand_ins"


def is_replaced(qualified_name: str) -> bool:
    """Whether the function of this name is replaced, as :func:`null_source` does it."""
    return not LEFT_IN_PLACE & set(qualified_name.split("."))


def null_source(source: str) -> str:
    """A module's source with a null beside every function."""
    return ast.unparse(ast.fix_missing_locations(_Nulls().visit(syntax.parse(source))))


class _Nulls(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return self._replace(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return self._replace(node)

    def _replace(self, node: _Node) -> _Node:
        self.generic_visit(node)  # what a decorator made while it was imported is called later
        if node.name in LEFT_IN_PLACE:
            return node
        result = (
            f"for __null__ in {_STAND_INS}.nulls():\n        yield __null__\n    return"
            if _is_generator(node)
            else f"return {_STAND_INS}.null()"
        )
        added = syntax.parse(f"if {_STAND_INS}.kind:\n    {result}").body
        start = 1 if ast.get_docstring(node) is not None else 0
        node.body[start:start] = added
        return node


def _is_generator(node: ast.AST) -> bool:
    inner = [
        child
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef)
    ]
    return any(
        isinstance(child, ast.Yield | ast.YieldFrom) or _is_generator(child) for child in inner
    )
