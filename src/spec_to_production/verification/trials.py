"""The runs that a test must stand, one kind after the other. Each returns the cases it was given,
with what was seen; those with a ruling are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from spec_to_production.verification import nulls
from spec_to_production.verification.evidence import Case, Kill, after_first_run
from spec_to_production.verification.interpreter import Fork, Interpreters
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.noticing import tells
from spec_to_production.verification.runs import (
    NULLS,
    ForkRun,
    Line,
    Null,
    Outcome,
    Record,
    Run,
)

Sources = Mapping[str, str]
_MOST_WITH_PROCESSES = 40
_MOST_ENDLESS = 2

NO_SESSION = "its file could not be imported again, beside the others."


def run_alone(pool: Interpreters, cases: Sequence[Case], patience_s: float) -> list[Case]:
    """Every test function once, in a fork of its own, watched; then its further rows one by one."""
    groups = by_function(_open(cases))

    def one(fork: Fork, group: Sequence[Case]) -> list[Case]:
        record = fork(ForkRun(tuple(case.placed_id for case in group), patience_s))
        return [_after_alone(case, record) for case in group]

    opening = Run(_files(cases), cover=True, watch=True, check_integrity=True)
    done = pool.in_sessions(opening, groups, one)
    if None in done and (alien := _who_stands_no_others(pool, opening)):
        missed = {case.id for case in cases if case.candidate.placed == alien}
        return run_alone(pool, _unjudged(cases, missed), patience_s)
    watched = merged(cases, (case for group in filter(None, done) for case in group))
    further = {case.id for group in groups for case in group[1:]}
    rows = [case for case in _open(watched) if case.id in further]
    judged = merged(watched, _each_by_itself(pool, rows, patience_s))
    return _unjudged(judged, _missed(groups, done))


def _each_by_itself(pool: Interpreters, rows: Sequence[Case], patience_s: float) -> list[Case]:
    """Rows in forks of their own: beside others, a fixture of the module or a cache runs once."""

    def one(fork: Fork, case: Case) -> Case:
        record = fork(ForkRun((case.placed_id,), patience_s))
        outcome = record.tests.get(case.placed_id)
        return after_first_run(replace(case, outcomes=(outcome,) if outcome else ()), record)

    done = pool.in_sessions(Run(_files(rows), cover=True), rows, one)
    return [case for case in done if case is not None]


def _who_stands_no_others(pool: Interpreters, opening: Run) -> str | None:
    """The first file that cannot be imported after those before it; ``None`` when all can."""
    low, high = 0, len(opening.files)  # the first ones up to low open, those up to high do not

    def opens(count: int) -> bool:
        return pool.opens(replace(opening, files=opening.files[:count]))

    if opens(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if opens(middle) else (low, middle)
    return opening.files[low]


def _after_alone(case: Case, record: Record) -> Case:
    outcome = record.tests.get(case.placed_id)
    case = replace(case, spawns=record.spawned)
    return after_first_run(case.seen(outcome) if outcome else case, record)


def against_nulls(
    pool: Interpreters, cases: Sequence[Case], sources: Sources, patience_s: float
) -> list[Case]:
    """Every test with each null implementation in place, in a fork of its own."""
    overlay = {path: nulls.null_source(source) for path, source in sources.items()}
    wanted = [(case, null) for case in _open(cases) for null in NULLS]

    def one(fork: Fork, pair: tuple[Case, Null]) -> tuple[str, Null, Outcome | None]:
        case, null = pair
        wall, cpu = _limits([case], patience_s)
        record = fork(ForkRun((case.placed_id,), wall, cpu_s=cpu, null=null))
        return case.id, null, record.tests.get(case.placed_id)

    found = pool.in_sessions(Run(_files(cases), overlay=overlay), wanted, one)
    seen: dict[str, dict[Null, Outcome | None]] = {}
    for identity, null, outcome in filter(None, found):
        seen.setdefault(identity, {})[null] = outcome
    cases = [replace(case, nulls=seen.get(case.id, {})) for case in cases]
    return _unjudged(cases, _missed([[case] for case, _ in wanted], found))


def against_mutants(
    pool: Interpreters,
    cases: Sequence[Case],
    mutants: Sequence[Mutant],
    sources: Sources,
    patience_s: float,
    *,
    stop_at_first: bool = False,
) -> list[Case]:
    """Every mutant against the tests that reach it; or only until one of them notices it."""
    meeting: dict[Mutant, list[Case]] = {}
    for case in _open(cases):
        for mutant in met_by(case, mutants):
            meeting.setdefault(mutant, []).append(case)
    wanted = [(mutant, meeting[mutant]) for mutant in mutants if mutant in meeting]

    def one(fork: Fork, pair: tuple[Mutant, list[Case]]) -> list[tuple[str, Kill]]:
        return _kills_in_fork(fork, *pair, sources, patience_s, stop_at_first=stop_at_first)

    found = pool.in_sessions(Run(_files(cases)), wanted, one)
    outside = [mutant for mutant in mutants if mutant.needs_import]
    anew = pool.map(lambda mutant: _kills_anew(pool, mutant, cases, sources, patience_s), outside)
    missed = _missed([reaching for _, reaching in wanted], found)
    return _unjudged(_with_kills(cases, [*filter(None, found), *anew]), missed)


def _missed(groups: Iterable[Iterable[Case]], found: Iterable[object]) -> set[str]:
    """The tests of those groups for which no session opened."""
    pairs = zip(groups, found, strict=True)
    return {case.id for group, one in pairs if one is None for case in group}


def _unjudged(cases: Iterable[Case], missed: Collection[str]) -> list[Case]:
    """The cases, those closed with which something could not be tried."""
    return [
        case.unjudged(NO_SESSION) if case.ruling is None and case.id in missed else case
        for case in cases
    ]


def against_imported_mutants(
    pool: Interpreters,
    cases: Sequence[Case],
    mutants: Sequence[Mutant],
    sources: Sources,
    patience_s: float,
) -> list[Case]:
    """Mutants of functions that run when tests are imported, each there from the beginning."""

    def one(mutant: Mutant) -> list[tuple[str, Kill]]:
        reaching = [case for case in cases if runs_on_import(case, mutant)]
        return _kills_anew(pool, mutant, reaching, sources, patience_s)

    return _with_kills(cases, pool.map(one, mutants))


def _with_kills(cases: Sequence[Case], found: Iterable[Iterable[tuple[str, Kill]]]) -> list[Case]:
    kills: dict[str, list[Kill]] = {case.id: [] for case in cases}
    for some in found:
        for identity, kill in some:
            kills[identity].append(kill)
    return [replace(case, kills=(*case.kills, *kills[case.id])) for case in cases]


def reaches(case: Case, mutant: Mutant) -> bool:
    """Whether a test runs the statement that a mutant changes, or may see its value."""
    return case.spawns or bool(mutant.constant) or _is_among(case.lines, mutant)


def met_by(case: Case, mutants: Iterable[Mutant]) -> list[Mutant]:
    """Those of the mutants that a test is run against in forks: of one with processes, the first
    ones only.
    """
    reached = [one for one in mutants if not one.needs_import and reaches(case, one)]
    return reached[:_MOST_WITH_PROCESSES] if case.spawns else reached


def runs_on_import(case: Case, mutant: Mutant) -> bool:
    """Whether the function that a mutant changes runs when the test's file is imported.

    Or in the test itself, which has imported it anew: then it ran the line that defines it.
    """
    defined = (mutant.path, mutant.first) in case.lines
    lines = case.imported | case.lines if defined else case.imported
    return bool(mutant.function) and _is_among(lines, mutant)


def _is_among(lines: Iterable[Line], mutant: Mutant) -> bool:
    first, last = mutant.statement
    return any(path == mutant.path and first <= line <= last for path, line in lines)


def _kills_in_fork(
    fork: Fork,
    mutant: Mutant,
    cases: Sequence[Case],
    sources: Sources,
    patience_s: float,
    *,
    stop_at_first: bool,
) -> list[tuple[str, Kill]]:
    """Run the tests against a mutant; it is given up when several of them do not end with it."""
    kills: list[tuple[str, Kill]] = []
    left = list(cases)
    endless = 0
    overlay = {}
    if any(case.spawns for case in cases):
        overlay = {mutant.path: mutant.module_source(sources[mutant.path])}
    while left and endless < _MOST_ENDLESS:
        wall, cpu = _limits(left, patience_s)
        record = fork(
            ForkRun(
                tuple(case.placed_id for case in left),
                wall,
                cpu_s=cpu,
                path=mutant.path,
                function=mutant.function,
                constant=mutant.constant,
                line=mutant.first,
                source=mutant.piece(),
                overlay=overlay,
                stop_at_first=stop_at_first,
            )
        )
        found, left = _read_kills(mutant, left, record)
        kills += found
        endless += record.ending != "finished"
        if kills and stop_at_first:
            break
    return kills


def _kills_anew(
    pool: Interpreters, mutant: Mutant, cases: Sequence[Case], sources: Sources, patience_s: float
) -> list[tuple[str, Kill]]:
    left = _open(cases)
    if not left:
        return []
    record = pool.mine().run(
        Run(
            _files(cases),
            select=tuple(case.placed_id for case in left),
            patience_s=_limits(left, patience_s)[0],
            overlay={mutant.path: mutant.module_source(sources[mutant.path])},
        )
    )
    kills, _ = _read_kills(mutant, left, record)
    return [(identity, replace(kill, anew=True)) for identity, kill in kills]


def _read_kills(
    mutant: Mutant, cases: Sequence[Case], record: Record
) -> tuple[list[tuple[str, Kill]], list[Case]]:
    """Who noticed the mutant, and whose turn did not come because a test broke the run off."""
    kills, left = [], []
    for case in cases:
        outcome = record.tests.get(case.placed_id)
        if outcome is not None and not outcome.passed:
            kills.append((case.id, Kill(mutant, tells(case, mutant, outcome))))
        elif outcome is None and case.placed_id == record.running:
            kills.append((case.id, Kill(mutant, told=False)))
        elif outcome is None and record.running is not None:
            left.append(case)
    return kills, left


def _limits(cases: Iterable[Case], patience_s: float) -> tuple[float, float]:
    """Seconds of the clock and of the processor that each of them may take on broken code.

    Other programs slow a test down by the clock, so that only bounds tests that wait for ever.
    """
    slowest = max((case.duration_ms or 0) / 1000 for case in cases)
    return min(4 * patience_s, 2 + 20 * slowest), min(patience_s, 0.2 + 5 * slowest)


def _open(cases: Iterable[Case]) -> list[Case]:
    return [case for case in cases if case.ruling is None]


def _files(cases: Iterable[Case]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(case.candidate.placed for case in _open(cases)))


def by_function(cases: Iterable[Case]) -> list[list[Case]]:
    """The cases of each test function, which are several where it has parameters."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.placed_id.partition("[")[0], []).append(case)
    return list(groups.values())


def merged(cases: Sequence[Case], changed: Iterable[Case]) -> list[Case]:
    """The cases, the changed ones in the places of what they were."""
    by_id = {case.id: case for case in changed}
    return [by_id.get(case.id, case) for case in cases]
