"""Disputed tests as files of their own, marked as failing until the dispute is decided."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from spec_to_production import syntax
from spec_to_production.results import Dispute, GeneratedFile, TestVerdict, Verification
from spec_to_production.verification.definitions import first_line, qualified, test_nodes
from spec_to_production.verification.excerpt import Part, excerpt

_SUFFIX = "_disputed"


def expected_failures(found: Verification) -> tuple[GeneratedFile, ...]:
    """The disputed tests, each one marked ``xfail(strict=True)`` with the dispute's text.

    A strict mark turns the suite red on the day the code does what the spec says: then the mark
    has to go. A parametrised test of which only some cases are disputed is left out, for the
    mark would turn its other cases red.
    """
    files = (_marked(file, _disputes(found.tests, file.path)) for file in found.candidates)
    return tuple(file for file in files if file is not None)


def _disputes(tests: Iterable[TestVerdict], path: str) -> dict[str, Dispute]:
    """The disputes of one file, by function: ``test_x`` or ``TestClass.test_x``."""
    cases: dict[str, list[Dispute | None]] = {}
    for test in tests:
        file, _, names = test.id.partition("::")
        if file == path:
            function = names.partition("[")[0].replace("::", ".")
            cases.setdefault(function, []).append(test.dispute)
    return {name: known[0] for name, known in cases.items() if known[0] and all(known)}


def _marked(file: GeneratedFile, disputes: Mapping[str, Dispute]) -> GeneratedFile | None:
    if not disputes:  # the file may be one that cannot be parsed
        return None
    defined = {qualified(*found) for found in test_nodes(syntax.parse(file.content))}
    text = excerpt(file.content, Part(frozenset(defined & disputes.keys())))
    if text is None:
        return None
    return GeneratedFile(path=path_beside(file.path), content=_with_marks(text, disputes))


def path_beside(path: str) -> str:
    """Where the disputed tests of a file go."""
    whole = PurePosixPath(path)
    return str(whole.with_stem(f"{whole.stem}{_SUFFIX}"))


def _with_marks(source: str, disputes: Mapping[str, Dispute]) -> str:
    tree = syntax.parse(source)
    lines = syntax.lines_of(source)
    # From the last one up, so that the lines above keep their numbers.
    for line, text in sorted(_insertions(tree, lines, disputes), reverse=True):
        lines.insert(line - 1, text)
    return "\n".join(lines) + "\n"


def _insertions(
    tree: ast.Module, lines: Sequence[str], disputes: Mapping[str, Dispute]
) -> Iterator[tuple[int, str]]:
    """What to put before which line."""
    for owners, node in test_nodes(tree):
        dispute = disputes[qualified(owners, node)]
        mark = f"@pytest.mark.xfail(strict=True, reason={_reason(dispute)!r})"
        indentation = lines[node.lineno - 1][: node.col_offset]
        yield first_line(node), indentation + mark
    if not any(_imports_pytest(node) for node in tree.body):
        yield first_line(next(node for node in tree.body if not _leads(node))), "import pytest"


def _reason(dispute: Dispute) -> str:
    got = f", got {dispute.actual}" if dispute.actual is not None else ""
    wanted = f", expected {dispute.expected}" if dispute.expected is not None else ""
    text = f"dispute about {dispute.requirement_id}: {dispute.statement}{wanted}{got}"
    return " ".join(text.split())


def _imports_pytest(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import) and any(
        name.name == "pytest" and name.asname is None for name in node.names
    )


def _leads(node: ast.stmt) -> bool:
    """Whether a statement has to stay first: the docstring, or an import from the future."""
    return (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) or (
        isinstance(node, ast.ImportFrom) and node.module == "__future__"
    )
