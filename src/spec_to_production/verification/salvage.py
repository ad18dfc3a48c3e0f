"""The accepted part of generated files, as files that run by themselves."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from spec_to_production import syntax
from spec_to_production.results import GeneratedFile
from spec_to_production.verification.candidates import Candidate, functions_of, test_nodes
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.interpreter import Interpreters
from spec_to_production.verification.runs import Run


def accepted_files(cases: Sequence[Case]) -> tuple[GeneratedFile, ...]:
    """The files of the cases without what was not accepted; none where nothing is left.

    A function with several cases stays when all of them were accepted.
    """
    files = []
    for candidate in dict.fromkeys(case.candidate for case in cases):
        good: dict[str, bool] = {}
        for case in cases:
            if case.candidate == candidate and case.function is not None:
                name = case.function.name
                good[name] = good.get(name, True) and case.is_("accepted")
        text = salvaged(candidate, {name for name, stays in good.items() if stays})
        if text is not None:
            files.append(GeneratedFile(path=candidate.placed, content=text))
    return tuple(files)


def run_alone_in_files(
    pool: Interpreters,
    root: Path,
    files: Sequence[GeneratedFile],
    accepted: Sequence[Case],
    patience_s: float,
) -> list[Case]:
    """Run the files, written below ``root``; the cases that do not pass there any more, closed."""
    for file in files:
        (root / file.path).write_text(file.content, "utf-8")
    records = pool.run_all(Run((file.path,), patience_s=patience_s) for file in files)
    tests = {name: one for record in records for name, one in record.tests.items()}
    kept = {
        (file.path, function.name)
        for file in files
        for function in functions_of(syntax.parse(file.content), file.content)
    }
    return [
        case.rejected("fails", "It needs a test of its file that was rejected.")
        for case in accepted
        if case.function and (case.candidate.placed, case.function.name) in kept
        if case.placed_id not in tests or not tests[case.placed_id].passed
    ]


def salvaged(candidate: Candidate, keep: Collection[str]) -> str | None:
    """The file's text with the test functions ``keep`` only; None when none is left.

    Helpers, fixtures and comments stay as they were written; imports lose the names that only
    the other tests used.
    """
    if not keep:
        return None
    tree = syntax.parse(candidate.content)
    dropped = list(_dropped(tree, keep))
    without: dict[ast.stmt, str] = dict.fromkeys(dropped, "")
    return _edited(candidate.content, without | _imports_without(_names_gone(tree, dropped), tree))


def _dropped(tree: ast.Module, keep: Collection[str]) -> Iterator[ast.stmt]:
    """The other tests; a class as a whole where none of its tests stays."""
    of_class: dict[ast.ClassDef, list[ast.stmt]] = {}
    some_stay = set()
    for owner, node in test_nodes(tree):
        stays = (f"{owner.name}.{node.name}" if owner else node.name) in keep
        if owner is not None:
            of_class.setdefault(owner, []).extend([] if stays else [node])
            some_stay |= {owner} if stays else set()
        elif not stays:
            yield node
    for owner, nodes in of_class.items():
        yield from nodes if owner in some_stay else [owner]


def _names_gone(tree: ast.Module, dropped: Collection[ast.stmt]) -> set[str]:
    there, gone = _names(tree.body), _names(dropped)
    return {name for name, count in gone.items() if there[name] == count}


def _names(nodes: Collection[ast.stmt]) -> Counter[str]:
    found = (part for node in nodes for part in ast.walk(node))
    return Counter(part.id for part in found if isinstance(part, ast.Name))


def _imports_without(gone: Collection[str], tree: ast.Module) -> dict[ast.stmt, str]:
    changed: dict[ast.stmt, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            left = [a for a in node.names if (a.asname or a.name.partition(".")[0]) not in gone]
            if len(left) < len(node.names):
                node.names = left
                changed[node] = ast.unparse(node) if left else ""
    return changed


def _edited(source: str, changes: Mapping[ast.stmt, str]) -> str:
    """The source with statements replaced by other text, or taken out with the blank after."""
    lines: list[str | None] = list(source.splitlines())
    for node, text in changes.items():
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)])
        last = node.end_lineno or node.lineno
        is_test = not isinstance(node, ast.Import | ast.ImportFrom)
        while is_test and last < len(lines) and not (lines[last] or "").strip():
            last += 1
        lines[first - 1 : last] = [text or None, *[None] * (last - first)]
    return "\n".join(line for line in lines if line is not None).rstrip() + "\n"
