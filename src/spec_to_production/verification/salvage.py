"""The accepted part of generated files, as files that run by themselves."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from spec_to_production import syntax
from spec_to_production.results import GeneratedFile
from spec_to_production.verification.collection import NO_TESTS
from spec_to_production.verification.definitions import qualified, test_nodes
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.excerpt import Part, excerpt, tables_of
from spec_to_production.verification.interpreter import Interpreters
from spec_to_production.verification.runs import Record, Run

_NEEDS_ANOTHER = "It needs a test of its file that was rejected."
Names = tuple[str, ...]


@dataclass(frozen=True)
class Salvaged:
    """What is left of a file, and the cases of each test function that is in it, in their order.

    Of a table that lost rows the cases may have other ids in it: pytest numbers those that it
    finds no name for.
    """

    file: GeneratedFile
    tests: tuple[tuple[Case, ...], ...]


def salvage(cases: Sequence[Case]) -> list[Salvaged]:
    """The files of the cases without what was not accepted; none where nothing is left.

    A function with several cases stays with the rows of its table that were accepted; where its
    cases are no rows of one table, it stays when none of them fails. A class that inherits what
    was not accepted for it loses that, and its base keeps it for the others. Files that hold no
    tests come along when a test imports them.
    """
    found = []
    for candidate in dict.fromkeys(case.candidate for case in cases):
        if candidate.refused is not None:
            continue
        part, tests = _part_of(candidate.content, [c for c in cases if c.candidate == candidate])
        text = excerpt(candidate.content, part)
        if text is not None:
            found.append(Salvaged(GeneratedFile(path=candidate.placed, content=text), tests))
    return [*found, *_helpers(cases, found)]


def _helpers(cases: Iterable[Case], found: Sequence[Salvaged]) -> Iterator[Salvaged]:
    """Files without tests that the others import."""
    imported = {
        name.rpartition(".")[2]
        for one in found
        for node in ast.walk(syntax.parse(one.file.content))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (getattr(node, "module", None) or "", *(alias.name for alias in node.names))
    }
    for case in cases:
        path = case.candidate.placed
        holds_none = case.ruling is not None and case.ruling.detail == NO_TESTS
        if holds_none and PurePosixPath(path).stem in imported:
            yield Salvaged(GeneratedFile(path=path, content=case.candidate.content), ())


def run_alone_in_files(
    pool: Interpreters, root: Path, files: Sequence[Salvaged], patience_s: float
) -> list[Case]:
    """Run the files, written below ``root``; the cases that do not pass there any more, closed."""
    for one in files:
        (root / one.file.path).write_text(one.file.content, "utf-8")
    records = pool.run_all(
        Run((one.file.path,), patience_s=patience_s, strict=True) for one in files
    )
    return [
        case.rejected("fails", _why_lost(one, record))
        for one, record in zip(files, records, strict=True)
        for group in one.tests
        for case, passed in zip(group, _passed(group, record), strict=True)
        if case.is_("accepted") and not passed
    ]


def _why_lost(one: Salvaged, record: Record) -> str:
    told = record.not_collected.get(one.file.path)
    return f"Without the rejected tests: {told}" if told else _NEEDS_ANOTHER


def _passed(group: Sequence[Case], record: Record) -> list[bool]:
    """How the cases of a function fared in a file of their own; all are lost where one is."""
    name = group[0].placed_id.partition("[")[0]
    found = [one for one in record.tests.values() if one.id.partition("[")[0] == name]
    if len(found) != len(group):
        return [False] * len(group)
    return [one.passed for one in found]


def _part_of(source: str, cases: Iterable[Case]) -> tuple[Part, tuple[tuple[Case, ...], ...]]:
    groups: dict[Names, list[Case]] = defaultdict(list)
    for case in cases:
        if case.names:
            groups[case.names].append(case)
    rows = _rows(source, groups)
    of = {names: group[0].defined_as for names, group in groups.items()}
    staying = {names for names, group in groups.items() if _stays(group, rows)}
    # What its own class cannot keep is gone for those that inherit it, too.
    lost = {".".join(names) for names in groups.keys() - staying}
    staying -= {names for names in staying if of[names] in lost}
    functions = frozenset(of[names] for names in staying) - {""}
    classes = frozenset(".".join(names[:-1]) for names in staying) - {""}
    part = Part(
        functions=functions,
        classes=classes,
        emptied=frozenset(".".join(names[:-1]) for names in groups) - classes - {""},
        without=frozenset(
            (".".join(names[:-1]), names[-1])
            for names in groups.keys() - staying
            if groups[names][0].is_inherited and of[names] in {"", *functions}
        ),
        rows={name: row for name, row in rows.items() if name in functions},
    )
    return part, tuple(
        tuple(filter(_may_stay, groups[names])) for names in groups if names in staying
    )


def _stays(group: Sequence[Case], rows: Mapping[str, Sequence[bool]]) -> bool:
    return any(case.is_("accepted") for case in group) and (
        group[0].defined_as in rows or all(map(_may_stay, group))
    )


def _may_stay(case: Case) -> bool:
    return case.ruling is not None and (case.is_("accepted") or case.ruling.reason == "redundant")


def _rows(source: str, groups: Mapping[Names, Sequence[Case]]) -> dict[str, tuple[bool, ...]]:
    """The rows that may stay of those tables of which some may not."""
    wanted: dict[str, set[tuple[bool, ...]]] = defaultdict(set)
    for group in groups.values():
        if any(case.is_("accepted") for case in group):
            wanted[group[0].defined_as].add(tuple(map(_may_stay, group)))
    found = {}
    for owners, node in test_nodes(syntax.parse(source)):
        name, tables = qualified(owners, node), tables_of(node)
        for row in wanted[name] if len(wanted[name]) == 1 else ():
            if tables and not all(row) and {len(table.elts) for table in tables} == {len(row)}:
                found[name] = row
    return found
