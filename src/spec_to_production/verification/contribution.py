"""What the accepted tests add to the suite that was there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from spec_to_production.results import (
    Change,
    Coverage,
    Requirement,
    RequirementState,
    RequirementTests,
    Spec,
)
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.naming import Text, named_requirements
from spec_to_production.verification.runs import Arc, Line, Outcome
from spec_to_production.verification.together import SuiteRun


def adds_at_once(case: Case, suite: SuiteRun, named_before: Collection[str]) -> bool:
    """Whether a test adds a line, a branch or the first test of a requirement."""
    before: set[tuple[str, Arc]] = set()
    for outcome in suite.tests.values():
        before |= _arcs(outcome)
    return (
        case.spawns
        or not _arcs(case.outcomes[0]) <= before
        or bool(set(case.requirements) - set(named_before))
    )


def _arcs(outcome: Outcome) -> set[tuple[str, Arc]]:
    return {(path, arc) for path, arcs in outcome.reached.items() for arc in arcs}


def new_lines(case: Case, suite: SuiteRun, before: Coverage | None) -> tuple[str, ...]:
    """The component's lines that a test runs and no existing one does, as ``path:line``.

    Args:
        case: The test.
        suite: The existing tests.
        before: What they cover, imports included; where it was measured, only statements count.
    """
    ran = {line for outcome in suite.tests.values() for line in outcome.lines}
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
    mutants: Collection[Mutant], killed: Collection[Mutant], accepted: Iterable[Case]
) -> Change:
    """The share of mutants that are killed, in percent, without and with the accepted tests."""
    if not mutants:
        return Change()
    before = set(mutants) & set(killed)
    after = before | (set(mutants) & {kill.mutant for case in accepted for kill in case.kills})
    return Change(
        before=round(100 * len(before) / len(mutants), 2),
        after=round(100 * len(after) / len(mutants), 2),
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
