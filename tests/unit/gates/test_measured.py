import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.gates import measured
from spec_to_production.gates.thresholds import THRESHOLDS, coverage_asked
from spec_to_production.results import (
    Baseline,
    Change,
    Coverage,
    Dispute,
    RequirementTests,
    Spec,
    TestVerdict,
    Verification,
)


def ledger(*states):
    rows = (RequirementTests(id=f"FR-{n}", state=state) for n, state in enumerate(states, 1))
    return Verification(requirements=tuple(rows))


def disputed():
    dispute = Dispute(
        requirement_id="FR-4", requirement_text="", spec_line=1, statement="", failures=3
    )
    return TestVerdict(id="t", verdict="disputed", dispute=dispute)


@pytest.mark.parametrize(
    "gate",
    [
        measured.test_coverage,
        measured.mutation_score,
        measured.requirements,
        measured.test_pass_rate,
        measured.disputes,
    ],
)
def test_what_was_not_measured_is_an_error_that_says_so(gate, proposal):
    judged = gate(proposal())

    assert judged.status == "error"
    assert judged.actual is None
    assert judged.detail


@pytest.mark.parametrize("gate", [measured.test_coverage, measured.mutation_score])
def test_a_verification_that_could_not_measure_is_an_error_too(gate, proposal):
    assert gate(proposal(verification=Verification())).status == "error"


def test_each_target_asks_more_than_the_one_before():
    asked = [THRESHOLDS[target] for target in ("dev", "staging", "production")]

    assert [row.coverage for row in asked] == [70, 80, 85]
    assert [row.mutation_score for row in asked] == [75, 80, 85]
    assert [row.requirements for row in asked] == [80, 95, 100]
    assert [row.disputes for row in asked] == [None, 0, 0]


@pytest.mark.parametrize(
    ("target", "status"), [("dev", "passed"), ("staging", "passed"), ("production", "failed")]
)
def test_the_target_decides(target, status, proposal):
    verification = Verification(coverage=Change(before=50, after=84.9))

    gate = measured.test_coverage(proposal(target=target, verification=verification))

    assert gate.status == status


@pytest.mark.parametrize(
    ("spec", "setting", "asked"),
    [(None, None, 80), (90, None, 90), (60, None, 80), (90, 50, 50), (None, 0, 0)],
)
def test_the_spec_raises_the_coverage_and_the_setting_decides_it(spec, setting, asked, proposal):
    given = Spec(path="s", title="", source="", requirements=(), target_coverage=spec)

    gate = measured.test_coverage(proposal(spec=given, coverage_threshold=setting))

    assert gate.threshold == asked


def test_without_verification_the_baseline_of_this_run_counts(proposal):
    baseline = Baseline(status="passed", coverage=Coverage(percent=91))

    assert measured.test_coverage(proposal(baseline=baseline)).actual == 91


def test_a_measure_is_never_rounded_up_to_its_threshold(proposal):
    gate = measured.test_coverage(
        proposal(verification=Verification(coverage=Change(after=79.996)))
    )

    assert (gate.status, gate.actual) == ("failed", 79.9)


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_percentage_passes_at_its_threshold_or_above(actual, threshold):
    gate = measured._at_least("x", actual, threshold)

    assert (gate.status == "passed") == (actual >= threshold)
    assert gate.actual <= actual


@given(st.sampled_from(list(THRESHOLDS)), st.none() | st.floats(0, 100))
def test_a_spec_never_lowers_what_the_target_asks(target, spec):
    assert coverage_asked(target, spec, None) >= THRESHOLDS[target].coverage


def test_disputed_and_untested_requirements_count_as_open(proposal):
    gate = measured.requirements(
        proposal(verification=ledger("proven", "disputed", "untested", "not_unit_testable"))
    )

    assert gate.status == "failed"
    assert gate.actual == 33.3
    assert gate.detail == "FR-2 is disputed; FR-3 is untested"


def test_requirements_that_no_unit_test_can_show_are_not_asked(proposal):
    gate = measured.requirements(proposal(verification=ledger("not_unit_testable")))

    assert gate.status == "skipped"


@pytest.mark.parametrize(
    ("target", "status"), [("dev", "skipped"), ("staging", "failed"), ("production", "failed")]
)
def test_a_dispute_stops_every_target_but_dev(target, status, proposal):
    gate = measured.disputes(
        proposal(target=target, verification=Verification(tests=(disputed(),)))
    )

    assert gate.status == status
    assert target == "dev" or gate.detail == "Spec and code disagree on FR-4."


def test_no_dispute_passes(proposal):
    assert measured.disputes(proposal(verification=Verification())).status == "passed"
