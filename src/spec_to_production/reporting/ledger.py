"""The spec's requirements, each with the tests that stand for it."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from spec_to_production.reporting import words
from spec_to_production.results import (
    Requirement,
    RequirementTests,
    TestVerdict,
    Value,
    VerdictName,
    WorkflowResult,
)

State = Literal["proven", "disputed", "untested", "not_unit_testable", "not_verified"]


class Row(Value):
    """A requirement and what became of it; ``note`` says why there is no test."""

    requirement: Requirement
    state: State
    tests: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    mutants_killed: int | None = None
    note: str = ""


def rows(result: WorkflowResult) -> tuple[Row, ...]:
    """One row for every requirement of the spec, in its order."""
    known = {found.id: found for found in _ledger(result)}
    return tuple(_row(asked, known.get(asked.id), result) for asked in result.spec.requirements)


def having(result: WorkflowResult, verdict: VerdictName) -> tuple[TestVerdict, ...]:
    """The tests with one verdict; none where nothing was verified."""
    return result.verification.having(verdict) if result.verification else ()


def names(result: WorkflowResult) -> dict[str, str]:
    """What each test is called: without its file, unless another file has one of that name."""
    tests = result.verification.tests if result.verification else ()
    short = {test.id: words.test_name(test.id) for test in tests}
    times = Counter(short.values())
    return {id_: name if times[name] == 1 else id_ for id_, name in short.items()}


def ordered(result: WorkflowResult) -> tuple[TestVerdict, ...]:
    """All tests in the order of the requirements that they stand for; without one, last."""
    if result.verification is None:
        return ()
    place = {requirement.id: n for n, requirement in enumerate(result.spec.requirements)}
    end = len(place)
    return tuple(
        sorted(
            result.verification.tests,
            key=lambda test: min((place.get(id_, end) for id_ in test.requirements), default=end),
        )
    )


def _ledger(result: WorkflowResult) -> tuple[RequirementTests, ...]:
    return result.verification.requirements if result.verification else ()


def _row(asked: Requirement, found: RequirementTests | None, result: WorkflowResult) -> Row:
    if found is None:
        return Row(requirement=asked, state="not_verified")
    return Row(
        requirement=asked,
        state=found.state,
        tests=found.tests,
        disputed=found.disputed,
        mutants_killed=found.mutants_killed,
        note=_why(asked.id, result) if found.state == "untested" else "",
    )


def _why(id_: str, result: WorkflowResult) -> str:
    """Why a requirement has no test: its tests fell, or its job did, or nobody asked for one.

    Empty where no job ran at all: then nothing more is known.
    """
    tests = result.verification.tests if result.verification else ()
    if fallen := sum(t.verdict == "rejected" and id_ in t.requirements for t in tests):
        return f"{words.count(fallen, 'test')} rejected"
    jobs = [job for job in result.jobs if id_ in job.requirement_ids]
    if not jobs:
        return "no job asked for one" if result.jobs else ""
    failed = next((job for job in jobs if job.status != "succeeded"), None)
    if failed is None:
        return "the agent wrote none that names it"
    return words.CAUSES[failed.cause] if failed.cause else words.JOB_STATUS[failed.status]
