"""The evidence of a dispute, from what was seen of a test."""

import pytest

from spec_to_production.results import Criterion, LineRange, Requirement, Spec
from spec_to_production.verification.candidates import Candidate, Function
from spec_to_production.verification.disputes import dispute_of
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.runs import Outcome

DIVISION = Requirement(
    id="FR-4",
    title="Division",
    text="`divide` returns the first number divided by the second.",
    lines=LineRange(start=50, end=60),
    criteria=(
        Criterion(text="`divide(9, 2)` is 4.5", line=57),
        Criterion(text="Dividing by zero raises `CalculatorError`", line=58),
    ),
)
SPEC = Spec(path="s.md", title="s", source="s", requirements=(DIVISION,))
RAISES = (
    "def test_dividing_by_zero_raises_calculator_error():\n"
    "    with pytest.raises(CalculatorError):\n"
    "        divide(1, 0)\n"
)


def case(code, outcome):
    name = code[4 : code.index("(")]
    function = Function(name, 1, code, "")
    candidate = Candidate("tests/test_a.py", "tests/test_a.py", code, functions=(function,))
    return Case(
        id=f"tests/test_a.py::{name}",
        placed_id=f"tests/test_a.py::{name}",
        candidate=candidate,
        function=function,
        requirements=("FR-4",),
        outcomes=(outcome,),
    )


def failed(**more):
    return Outcome(id="x", outcome="failed", duration_ms=1.0, **more)


def test_another_exception_stands_beside_the_one_that_was_expected():
    outcome = failed(
        error="ZeroDivisionError",
        message="ZeroDivisionError: division by zero",
        line=3,
        component_frame=("src/ops.py", 7),
    )

    dispute = dispute_of(case(RAISES, outcome), SPEC)

    assert (dispute.expected, dispute.actual) == (
        "CalculatorError",
        "ZeroDivisionError: division by zero",
    )
    assert (dispute.code_path, dispute.code_line) == ("src/ops.py", 7)


def test_the_criterion_that_the_test_is_about_is_quoted():
    dispute = dispute_of(case(RAISES, failed(line=3)), SPEC)

    assert dispute.requirement_text == "Dividing by zero raises `CalculatorError`"
    assert dispute.spec_line == 58


def test_where_no_criterion_stands_out_the_requirement_is_quoted():
    code = "def test_it():\n    assert divide(6, 3) == 2\n"

    dispute = dispute_of(case(code, failed(line=2, comparison=("3", "==", "2"))), SPEC)

    assert dispute.requirement_text == DIVISION.text
    assert dispute.spec_line == 50


@pytest.mark.parametrize(
    ("statement", "comparison"),
    [
        ("assert divide(6, 3) == 2", ("3", "==", "2")),
        ("assert 2 == divide(6, 3)", ("2", "==", "3")),
    ],
)
def test_expected_is_the_literal_whichever_side_it_stands_on(statement, comparison):
    outcome = failed(line=2, comparison=comparison, by_assertion=True)

    dispute = dispute_of(case(f"def test_it():\n    {statement}\n", outcome), SPEC)

    assert (dispute.expected, dispute.actual) == ("2", "3")
