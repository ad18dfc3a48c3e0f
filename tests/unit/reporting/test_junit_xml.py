import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_to_production.reporting import junit
from support.results import hostile, make_result, states

STATES = states()


def cases(document):
    return ET.fromstring(document).findall(".//testcase")


def outcome(case):
    return next((child.tag for child in case if child.tag != "properties"), "passed")


def test_accepted_passes_disputed_fails_and_rejected_is_skipped():
    outcomes = Counter(outcome(case) for case in cases(junit(make_result())))

    assert outcomes == {"passed": 3, "failure": 1, "skipped": 2}


def test_the_suite_counts_what_it_holds():
    suite = ET.fromstring(junit(make_result())).find("testsuite")

    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "1", "2")


def test_requirements_are_properties():
    document = ET.fromstring(junit(make_result()))
    states = {p.get("name"): p.get("value") for p in document.findall("testsuite/properties/*")}

    assert states["requirement:FR-1"] == "proven"
    assert states["requirement:FR-4"] == "disputed"
    assert states["requirement:FR-6"] == "untested"


def test_a_dispute_carries_its_evidence_and_a_reject_its_reason():
    document = junit(make_result())
    text = "".join(ET.fromstring(document).itertext())

    assert "expected: CalculatorError" in text
    assert "raised at: src/calculator/operations.py:31" in text
    skipped = [s.get("message") for s in ET.fromstring(document).iter("skipped")]
    assert "flaky: failed in 1 of 9 runs, hash seed 7" in skipped


def test_a_recorded_model_is_said():
    document = ET.fromstring(junit(STATES["recorded model"]))

    assert document.find(".//property[@name='model_is_recorded']").get("value") == "true"


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_every_state_is_a_document(state):
    number = len(state.verification.tests) if state.verification else 0

    assert len(cases(junit(state))) == number


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_text_gives_a_document_that_parses(bad):
    assert len(cases(junit(hostile(6, bad=bad)))) == 6
