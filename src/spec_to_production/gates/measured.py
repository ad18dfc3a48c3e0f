"""Gates on what this run measured: coverage, mutation score, requirements, tests, disputes."""

from __future__ import annotations

import math

from spec_to_production.components.suite import run_suite
from spec_to_production.gates.proposal import Proposal
from spec_to_production.gates.thresholds import THRESHOLDS, coverage_asked
from spec_to_production.gates.wording import first_of
from spec_to_production.results import Gate


def test_coverage(proposal: Proposal) -> Gate:
    """Line coverage of the component with the accepted tests."""
    spec = proposal.spec.target_coverage
    threshold = coverage_asked(proposal.target, spec, proposal.coverage_threshold)
    actual = None
    if proposal.verification:
        actual = proposal.verification.coverage.after
    elif proposal.baseline and proposal.baseline.coverage:
        actual = proposal.baseline.coverage.percent
    return _at_least("test_coverage", actual, threshold, "Coverage was not measured in this run.")


def mutation_score(proposal: Proposal) -> Gate:
    """The share of mutants that the tests kill, the accepted ones included."""
    actual = proposal.verification.mutation.after if proposal.verification else None
    threshold = THRESHOLDS[proposal.target].mutation_score
    missing = "The mutation score was not measured in this run."
    return _at_least("mutation_score", actual, threshold, missing)


def requirements(proposal: Proposal) -> Gate:
    """The share of the requirements that an accepted test stands for."""
    name, threshold = "requirements", THRESHOLDS[proposal.target].requirements
    if proposal.verification is None or not proposal.verification.requirements:
        return Gate(
            name=name,
            status="error",
            detail="No test was judged in this run, so no requirement is shown.",
            threshold=threshold,
        )
    asked = [r for r in proposal.verification.requirements if r.state != "not_unit_testable"]
    if not asked:
        return Gate(name=name, status="skipped", detail="No requirement is for unit tests.")
    open_ = [requirement for requirement in asked if requirement.state != "proven"]
    return _at_least(
        name,
        100 * (len(asked) - len(open_)) / len(asked),
        threshold,
        detail=first_of([f"{requirement.id} is {requirement.state}" for requirement in open_]),
    )


def test_pass_rate(proposal: Proposal) -> Gate:
    """The share of tests that pass, existing and accepted ones, in the proposed state."""
    name, threshold = "test_pass_rate", THRESHOLDS[proposal.target].test_pass_rate
    files = [*proposal.component.test_files, *(file.path for file in proposal.new_tests)]
    if not files:
        return Gate(name=name, status="error", detail="There are no tests.", threshold=threshold)
    with proposal.copy() as copy:
        root, options = proposal.component.import_root, proposal.component.pytest_options
        suite = run_suite(files, copy, proposal.sandbox, import_root=root, options=options)
    ran = [test for test in suite.tests if test.outcome != "skipped"]
    if suite.status == "error" or not ran:
        detail = suite.detail or "No test ran."
        return Gate(name=name, status="error", detail=detail, threshold=threshold)
    red = [f"{test.id} {test.outcome}" for test in ran if test.outcome != "passed"]
    return _at_least(name, 100 * (1 - len(red) / len(ran)), threshold, detail=first_of(red))


def disputes(proposal: Proposal) -> Gate:
    """Tests that follow the spec and fail: open questions for a person."""
    allowed = THRESHOLDS[proposal.target].disputes
    if allowed is None:
        detail = f"Disputes do not stop the target {proposal.target}."
        return Gate(name="disputes", status="skipped", detail=detail)
    if proposal.verification is None:
        detail = "No test was judged in this run."
        return Gate(name="disputes", status="error", detail=detail, threshold=allowed, unit="count")
    found = proposal.verification.having("disputed")
    about = sorted({test.dispute.requirement_id for test in found if test.dispute})
    return Gate(
        name="disputes",
        status="passed" if len(found) <= allowed else "failed",
        detail=f"Spec and code disagree on {', '.join(about)}." if about else "",
        actual=len(found),
        threshold=allowed,
        unit="count",
    )


def _at_least(
    name: str, actual: float | None, threshold: float, missing: str = "", *, detail: str = ""
) -> Gate:
    """Passed at the threshold or above, in percent; shown rounded down, so never flattered."""
    if actual is None or math.isnan(actual):
        return Gate(name=name, status="error", detail=missing, threshold=threshold)
    return Gate(
        name=name,
        status="passed" if actual >= threshold else "failed",
        detail=detail,
        actual=math.floor(actual * 10) / 10,
        threshold=threshold,
    )
