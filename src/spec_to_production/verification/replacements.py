"""Tests that replace what they test: all that they assert is what they put in its place."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from spec_to_production.verification.definitions import Function, FunctionNode
from spec_to_production.verification.statements import is_assertion, nodes_of

_BUILTINS = frozenset(dir(builtins))


def asked_replacements(source: str, function: Function) -> frozenset[str]:
    """The names that a test replaces and asks itself, where it asserts nothing else; else none.

    Args:
        source: The test's file.
        function: The test.
    """
    node = next(
        (
            node
            for node in nodes_of(source)
            if isinstance(node, FunctionNode) and node.lineno == function.line
        ),
        None,
    )
    return _Reader(node).asked() if node is not None else frozenset()


class _Reader:
    """Follows, through one test, what comes from its own replacements."""

    def __init__(self, test: FunctionNode) -> None:
        self._test = test
        self._replaced: set[str] = set()
        self._own: set[str] = set()
        """Names of mocks, of what they were given to return, and of what they returned."""
        for node in ast.walk(test):
            for name, given in _replacement(node):
                self._replaced.add(name)
                self._own.update(name for one in given for name in _names(one))
            self._own.update(_bound(node))

    def asked(self) -> frozenset[str]:
        asked = {name for node in ast.walk(self._test) if (name := self._asks(node))}
        if not asked:
            return frozenset()
        for node in ast.walk(self._test):
            if isinstance(node, ast.Assign) and self._is_own(node.value):
                self._own.update(name for target in node.targets for name in _names(target))
        said = [node for node in ast.walk(self._test) if _is_said(node)]
        return frozenset(asked) if said and all(map(self._is_own, said)) else frozenset()

    def _asks(self, node: ast.AST) -> str:
        """The replaced name that a call calls."""
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                return name if name in self._replaced else ""
        return ""

    def _is_own(self, said: ast.AST) -> bool:
        """Whether nothing but replacements speaks in an expression."""
        calls = [node for node in ast.walk(said) if isinstance(node, ast.Call)]
        asks = [call for call in calls if self._asks(call)]
        through = {name for call in asks for name in _names(call.func)}
        inner = {
            name
            for node in ast.walk(said)
            if isinstance(node, ast.comprehension)
            for name in _names(node.target)
        }
        known = self._own | inner | _BUILTINS
        return (
            bool(asks or _names(said) & self._own)
            and _names(said) <= known | through
            and all(call in asks or _names(call.func) <= known for call in calls)
        )


def _replacement(node: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    """The name that a call of ``patch``, ``patch.object`` or ``setattr`` replaces, and by what."""
    if not isinstance(node, ast.Call) or any(key.arg == "wraps" for key in node.keywords):
        return
    called = ast.unparse(node.func)
    if not called.endswith(("patch", "patch.object", "monkeypatch.setattr")):
        return
    for index, given in enumerate(node.args[:2]):
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            by = [*node.args[index + 1 :], *(key.value for key in node.keywords)]
            yield given.value.rpartition(".")[2], by
            return


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a mock is bound to."""
    match node:
        case ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.expr() as target):
            if any(_replacement(call)):
                yield from _names(target)
        case ast.Assign(targets=targets, value=ast.Call() as call):
            if any(_replacement(call)):
                yield from (name for target in targets for name in _names(target))


def _is_said(node: ast.AST) -> bool:
    if isinstance(node, ast.With | ast.AsyncWith):
        return any("raises" in ast.unparse(item.context_expr) for item in node.items)
    return isinstance(node, ast.stmt) and is_assertion(node)


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
