"""What counts as a test's own word that something is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.mutation import mutants_of
from spec_to_production.verification.noticing import tells, why_vacuous
from spec_to_production.verification.runs import Outcome

TEST = "tests/test_a.py::test_twice"
PASSED = Outcome(TEST, "passed", 1.0)
FAILED = replace(PASSED, outcome="failed", by_assertion=True, line=3)


@pytest.mark.parametrize(
    ("comparison", "is_told"),
    [
        (("<A at 0x1>", "==", "<A at 0x2>"), False),
        (("[A('x')]", "==", "[A('x')]"), False),
        (("A('x')", "==", "A('y')"), True),
        (("A('x')", "is", "A('x')"), True),
    ],
)
def test_values_that_look_alike_and_are_unequal_are_only_two_objects(comparison, is_told):
    case = Case(TEST, TEST, Candidate("tests/test_a.py", "tests/test_a.py", ""), None)
    case = replace(case, nulls={"truthy": PASSED, "falsy": PASSED})
    mutant = mutants_of("a.py", "def f(x):\n    return x + 1\n")[0]
    assert tells(case, mutant, replace(FAILED, comparison=comparison)) is is_told


@pytest.mark.parametrize(
    ("comparison", "is_told"),
    [
        (("None", "is", "<class 'shop.Cart'>"), True),
        (("None", "==", "<class 'shop.Cart'>"), True),
        (("<function pay at 0x1>", "==", "None"), True),
        (("None", "is", "A('x')"), True),
        (("<class 'NoneType'>", "is", "<class 'shop.Cart'>"), False),
        (("<class 'NoneType'>", "==", "<class 'shop.Cart'>"), False),
        (("None", "is not", "None"), False),
        (("None", "is", "True"), False),
        (("None", "==", "A('x')"), False),
    ],
)
def test_a_certain_object_is_more_than_its_type(comparison, is_told):
    case = Case(TEST, TEST, Candidate("tests/test_a.py", "tests/test_a.py", ""), None)
    (mutant,) = (one for one in mutants_of("a.py", "def f(x):\n    return x\n") if one.nulling)
    assert tells(case, mutant, replace(FAILED, comparison=comparison)) is is_told


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (("truthy", "falsy"), "returns something arbitrary (truthy, falsy)"),
        (("raising",), "raises"),
        (("falsy", "raising"), "returns something arbitrary (falsy) or raises"),
    ],
)
def test_what_a_vacuous_test_passes_with_is_told_in_words(passed, told):
    case = Case(TEST, TEST, Candidate("tests/test_a.py", "tests/test_a.py", ""), None)
    case = replace(case, nulls=dict.fromkeys(passed, PASSED))
    assert f" It still passes when every function {told}. " in why_vacuous(case)
