"""What the accepted tests add to the suite that was there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from spec_to_production.results import (
    Change,
    Coverage,
    Requirement,
    RequirementState,
    RequirementTests,
    Spec,
)
from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.naming import Text, named_requirements
from spec_to_production.verification.runs import Arc, Line, Outcome
from spec_to_production.verification.together import Suite
from spec_to_production.verification.trials import reaches

_BUDGET_S = 30.0
_SIZES = (300, 150, 75, 40, 20, 10)


def as_cases(suite: Suite) -> list[Case]:
    """The existing tests that pass, in the form in which mutants are run against tests."""
    return [
        Case(outcome.id, outcome.id, Candidate(path, path, ""), None, outcomes=(outcome,))
        for outcome in _fastest_first(suite)
        for path in [outcome.id.partition("::")[0]]
    ]


def _fastest_first(suite: Suite) -> list[Outcome]:
    passing = [one for name, one in suite.record.tests.items() if name in suite.steady]
    return sorted(passing, key=lambda outcome: outcome.duration_ms)


def affordable(mutants: Sequence[Mutant], existing: Sequence[Case]) -> list[Mutant]:
    """As many mutants as the existing tests can be run against in a bounded time.

    They make the score, so what only leaves out a line of a log is not among them.
    """
    scored = [mutant for mutant in mutants if not mutant.unlogged]
    for size in _SIZES:
        some = scored[:size]
        if sum(_worst_ms(mutant, existing) for mutant in some) <= _BUDGET_S * 1000:
            return some
    return []


def _worst_ms(mutant: Mutant, existing: Sequence[Case]) -> float:
    return sum(case.duration_ms or 0.0 for case in existing if reaches(case, mutant))


def adds_at_once(case: Case, suite: Suite, named_before: Collection[str]) -> bool:
    """Whether a test adds a line, a branch or the first test of a requirement."""
    before: set[tuple[str, Arc]] = set()
    for outcome in suite.record.tests.values():
        before |= _arcs(outcome)
    return (
        case.spawns
        or not _arcs(case.outcomes[0]) <= before
        or bool(set(case.requirements) - set(named_before))
    )


def _arcs(outcome: Outcome) -> set[tuple[str, Arc]]:
    return {(path, arc) for path, arcs in outcome.reached.items() for arc in arcs}


def new_lines(case: Case, suite: Suite, before: Coverage | None) -> tuple[str, ...]:
    """The component's lines that a test runs and no existing one does, as ``path:line``.

    Args:
        case: The test.
        suite: The existing tests.
        before: What they cover, imports included; where it was measured, only statements count.
    """
    ran = {line for outcome in suite.record.tests.values() for line in outcome.lines}
    added = case.lines - ran
    if before is not None:
        added &= _missing(before)
    return tuple(f"{path}:{line}" for path, line in sorted(added))


def _missing(coverage: Coverage) -> set[Line]:
    return {(file.path, line) for file in coverage.files for line in file.missing}


def named_in(files: Iterable[Path], known: Sequence[Requirement]) -> set[str]:
    """The requirements that existing tests name."""
    text = "\n".join(file.read_text("utf-8", errors="replace") for file in files)
    return set(named_requirements(Text(code=text, prose=text), known))


def coverage_change(before: Coverage | None, added: Collection[Line]) -> Change:
    """Line coverage in percent, without and with the accepted tests."""
    if before is None:
        return Change()
    covered = {(file.path, line) for file in before.files for line in file.covered}
    missing = _missing(before)
    if not covered | missing:
        return Change()
    after = covered | (missing & set(added))
    return Change(
        before=round(before.percent, 2),
        after=round(100 * len(after) / len(covered | missing), 2),
    )


def mutation_change(
    mutants: Sequence[Mutant], before: Mapping[str, bool], accepted: Iterable[Case]
) -> Change:
    """The share of mutants that are killed, in percent, without and with the accepted tests."""
    if not mutants:
        return Change()
    killed = {kill.mutant.id for case in accepted for kill in case.kills}
    first = sum(before[mutant.id] for mutant in mutants)
    both = sum(before[mutant.id] or mutant.id in killed for mutant in mutants)
    return Change(
        before=round(100 * first / len(mutants), 2), after=round(100 * both / len(mutants), 2)
    )


def _state(
    requirement: Requirement, proving: Sequence[Case], disputed: Sequence[Case]
) -> RequirementState:
    if disputed:
        return "disputed"
    if proving:
        return "proven"
    return "untested" if requirement.kind == "functional" else "not_unit_testable"


def ledger(spec: Spec, cases: Sequence[Case]) -> tuple[RequirementTests, ...]:
    """Each requirement of the spec, and which tests stand for it."""
    rows = []
    for requirement in spec.requirements:
        named = [case for case in cases if requirement.id in case.requirements]
        proving = [case for case in named if case.is_("accepted")]
        disputed = [case for case in named if case.is_("disputed")]
        killed = {kill.mutant.id for case in proving for kill in case.kills}
        rows.append(
            RequirementTests(
                id=requirement.id,
                state=_state(requirement, proving, disputed),
                tests=tuple(case.id for case in proving),
                disputed=tuple(case.id for case in disputed),
                mutants_killed=len(killed),
            )
        )
    return tuple(rows)
