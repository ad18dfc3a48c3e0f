"""The tests of the candidates, as pytest collects them: a case for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from spec_to_production import syntax
from spec_to_production.results import Reason, Requirement
from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.definitions import Function
from spec_to_production.verification.evidence import Case, broke_off
from spec_to_production.verification.interpreter import Interpreters
from spec_to_production.verification.naming import Text, first_named, named_requirements
from spec_to_production.verification.runs import Item, Line, Record, Run

NO_TESTS = "The file holds no tests."


def collected(
    pool: Interpreters, candidates: Sequence[Candidate], requirements: Sequence[Requirement]
) -> tuple[list[Case], tuple[str, ...]]:
    """A case for every test of the candidates, found by collecting each file alone.

    With them, the libraries that their files and the component import.
    """
    whole = [candidate for candidate in candidates if candidate.refused is None]
    records = pool.run_all(
        Run((one.placed,), select=(), cover=True, watch=True, check_integrity=True) for one in whole
    )
    by_path = dict(zip([one.path for one in whole], records, strict=True))
    cases: list[Case] = []
    for candidate in candidates:
        if candidate.refused is not None:
            cases += _closed(candidate, *candidate.refused)
        else:
            found = _of_file(candidate, by_path[candidate.path], requirements)
            cases += _defined_elsewhere(found, by_path[candidate.path].items, pool.place.root)
    return cases, tuple(dict.fromkeys(name for one in records for name in one.libraries))


def _closed(candidate: Candidate, reason: Reason, detail: str) -> list[Case]:
    functions = candidate.functions or (None,)
    return [
        _case(
            candidate, function, candidate.id_of(function.name) if function else candidate.path
        ).rejected(reason, detail)
        for function in functions
    ]


def _case(candidate: Candidate, function: Function | None, identity: str) -> Case:
    placed = candidate.placed + identity.removeprefix(candidate.path)
    return Case(identity, placed, candidate, function)


def _of_file(
    candidate: Candidate, record: Record, requirements: Sequence[Requirement]
) -> list[Case]:
    if record.deeds:
        return _closed(candidate, "unsafe", f"While it is imported, it {record.deeds[0]}.")
    if record.replaced:
        names = ", ".join(record.replaced[:3])
        return _closed(candidate, "unsafe", f"While it is imported, it replaces {names}.")
    if record.ending != "finished":
        reason, detail = broke_off(record)
        return _closed(candidate, reason, f"While it is imported: {detail}")
    if record.not_collected:
        return _closed(candidate, "import_error", next(iter(record.not_collected.values())))
    if record.modules_skipped:
        return _closed(candidate, "skipped", next(iter(record.modules_skipped.values())))
    cases = _of_items(candidate, record.items, requirements, record.imported)
    found = {case.function.name for case in cases if case.function}
    missed = [function for function in candidate.functions if function.name not in found]
    if missed or not cases:
        detail = "pytest collects no such test: its name, its place or its class is not one."
        detail = detail if candidate.functions else NO_TESTS
        cases += _closed(replace(candidate, functions=tuple(missed)), "not_collected", detail)
    return cases


def _defined_elsewhere(cases: Sequence[Case], items: Iterable[Item], root: Path) -> list[Case]:
    """The cases; those of tests from another file with its text."""
    files = {item.id: item.file for item in items if item.file != item.path}
    texts = {file: _text_of(root / file) for file in set(files.values())}
    return [
        replace(case, elsewhere=texts[files[case.placed_id]]) if case.placed_id in files else case
        for case in cases
    ]


def _text_of(file: Path) -> str:
    """What a Python file says; nothing where a test pretends that there is one."""
    try:
        text = syntax.read(file)
        syntax.parse(text)
    except (OSError, SyntaxError, ValueError):
        return ""
    return text


def _of_items(
    candidate: Candidate,
    items: Iterable[Item],
    requirements: Sequence[Requirement],
    imported: frozenset[Line],
) -> list[Case]:
    functions = {function.name: function for function in candidate.functions}
    shadowing = dict(candidate.shadowing)
    of_file = named_requirements(Text(prose=candidate.docstring), requirements)
    cases = []
    for item in items:
        function = functions.get(item.function)
        case = _case(candidate, function, candidate.path + item.id.removeprefix(candidate.placed))
        named = first_named(_said_by(item, function), requirements)
        if not named and len(of_file) == 1:
            named = of_file
        case = replace(case, requirements=named, imported=imported, by_examples=item.by_examples)
        if item.function in shadowing:
            case = case.rejected("shadows", shadowing[item.function])
        elif item.unlisted:
            case = case.rejected("not_collected", item.unlisted)
        cases.append(case)
    return cases


def _said_by(item: Item, function: Function | None) -> Iterator[Text]:
    """What a test says of itself, and then what its classes say."""
    names = item.id.partition("[")[0].split("::")[1:]
    code = function.code if function else ""
    prose = [function.prose if function else item.docstring, *item.requirements]
    yield Text(code, "\n".join(prose), names[-1])
    around = [function.around if function else "", *item.of_classes]
    yield Text(prose="\n".join(around), name=" ".join(names[:-1]))
