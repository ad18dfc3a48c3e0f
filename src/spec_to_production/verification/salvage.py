"""The accepted part of a generated file, as a file that runs by itself."""

from __future__ import annotations

import ast
from collections.abc import Collection

from spec_to_production.verification.candidates import Candidate, test_nodes


def salvaged(candidate: Candidate, keep: Collection[str]) -> str | None:
    """The file's text with the test functions ``keep`` only; None when none is left.

    Everything else (imports, helpers, fixtures, comments) stays as it was written.
    """
    if not keep:
        return None
    tree = ast.parse(candidate.content)
    drop: list[ast.AST] = []
    kept_of_class: dict[ast.ClassDef, int] = {}
    for owner, node in test_nodes(tree):
        stays = (f"{owner.name}.{node.name}" if owner else node.name) in keep
        if owner is not None:
            kept_of_class[owner] = kept_of_class.get(owner, 0) + stays
        if not stays:
            drop.append(node)
    drop += [owner for owner, kept in kept_of_class.items() if not kept]
    return _without(candidate.content, drop)


def _without(source: str, nodes: Collection[ast.AST]) -> str:
    lines: list[str | None] = list(source.splitlines())
    for node in nodes:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)])  # type: ignore[attr-defined]
        last = node.end_lineno  # type: ignore[attr-defined]
        while last < len(lines) and not (lines[last] or "").strip():
            last += 1
        lines[first - 1 : last] = [None] * (last - first + 1)
    return "\n".join(line for line in lines if line is not None).rstrip() + "\n"
