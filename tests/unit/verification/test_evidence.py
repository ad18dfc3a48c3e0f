"""What counts as a test's own word that something is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.mutation import mutants_of
from spec_to_production.verification.runs import Outcome

TEST = "tests/test_a.py::test_twice"
PASSED = Outcome(TEST, "passed", 1.0)
FAILED = replace(PASSED, outcome="failed", by_assertion=True, line=3)


@pytest.mark.parametrize(
    ("comparison", "tells"),
    [
        (("<A at 0x1>", "==", "<A at 0x2>"), False),
        (("[A('x')]", "==", "[A('x')]"), False),
        (("A('x')", "==", "A('y')"), True),
        (("A('x')", "is", "A('x')"), True),
    ],
)
def test_values_that_look_alike_and_are_unequal_are_only_two_objects(comparison, tells):
    case = Case(TEST, TEST, Candidate("tests/test_a.py", "tests/test_a.py", ""), None)
    case = replace(case, nulls={"truthy": PASSED, "falsy": PASSED})
    mutant = mutants_of("a.py", "def f(x):\n    return x + 1\n")[0]
    assert case.tells(mutant, replace(FAILED, comparison=comparison)) is tells
