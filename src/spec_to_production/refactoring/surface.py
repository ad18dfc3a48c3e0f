"""What a module shows to those who import it, as text that can be compared."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path

import griffe

from spec_to_production import syntax


def surface(module: str, source: bytes) -> dict[str, str]:
    """The public names of a module, each with its kind and signature, by griffe.

    How an annotation is spelled is left out, for it does not change a call; the values of
    constants are left to the tests.
    """
    code = importlib.util.decode_source(source)
    visited = griffe.visit(module, filepath=Path(f"{module}.py"), code=code)
    return dict(_members(visited))


def surface_changes(module: str, before: bytes, after: bytes) -> list[str]:
    """How the public names differ, one sentence for each, in the order of the module."""
    old, new = surface(module, before), surface(module, after)
    return [
        *(f"{name} is gone" for name in old if name not in new),
        *(f"{name} is new" for name in new if name not in old),
        *(
            f"{name} was `{old[name]}` and is `{new[name]}`"
            for name in old
            if name in new and old[name] != new[name]
        ),
    ]


def lost_imports(before: bytes, after: bytes) -> set[str]:
    """Names that a module no longer imports; others may have taken them from it."""
    return _imported(before) - _imported(after)


def takers(root: Path, module: str, names: set[str]) -> list[str]:
    """Files below ``root`` that import one of the names from the module, by absolute import."""
    found = []
    for path in sorted(root.rglob("*.py")):
        source = path.read_bytes()
        if module.encode() not in source:
            continue
        with contextlib.suppress(SyntaxError, ValueError):
            if names & _taken(syntax.parse(source), module):
                found.append(path.relative_to(root).as_posix())
    return found


def same_code(before: bytes, after: bytes) -> bool:
    """Whether two sources have the same syntax tree, the margins of docstrings left aside."""
    return _tree(before) == _tree(after)


def _imported(source: bytes) -> set[str]:
    return {
        alias.asname or alias.name.partition(".")[0]
        for node in syntax.parse(source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def _taken(tree: ast.Module, module: str) -> set[str]:
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level
        for alias in node.names
    }


def _members(parent: griffe.Object) -> Iterator[tuple[str, str]]:
    for member in parent.members.values():
        if not member.is_public:
            continue
        if isinstance(member, griffe.Alias):
            yield member.path, f"from {member.target_path}"
            continue
        yield member.path, _signature(member)
        if isinstance(member, griffe.Class):
            yield from _members(member)


def _signature(member: griffe.Object) -> str:
    if isinstance(member, griffe.Function):
        parameters = ", ".join(_parameter(parameter) for parameter in member.parameters)
        marks = " ".join(sorted(["async"] * ("async" in member.labels) + _decorators(member)))
        return f"{marks} def ({parameters})".strip()
    if isinstance(member, griffe.Class):
        bases = ", ".join(str(base) for base in member.bases)
        return f"{' '.join(_decorators(member))} class ({bases})".strip()
    return member.kind.value


def _parameter(parameter: griffe.Parameter) -> str:
    kind = f"{parameter.kind.value} " if parameter.kind else ""
    default = "" if parameter.default is None else f" = {parameter.default}"
    return f"{kind}{parameter.name}{default}"


def _decorators(member: griffe.Function | griffe.Class) -> list[str]:
    return [f"@{decorator.value}" for decorator in member.decorators]


def _tree(source: bytes) -> str:
    tree = syntax.parse(source)
    for node in ast.walk(tree):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and (doc := ast.get_docstring(node, clean=False)):
            node.body[0] = ast.Expr(ast.Constant(inspect.cleandoc(doc).strip()))
    return ast.dump(tree)
