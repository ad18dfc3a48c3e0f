"""The evidence of a dispute, from what was seen of a test."""

import ast

import pytest

from spec_to_production.results import Criterion, LineRange, Requirement, Spec
from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.definitions import functions_of
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


def case(code, outcome, requirement=DIVISION):
    name = code[4 : code.index("(")]
    (function,) = functions_of(ast.parse(code), code)
    candidate = Candidate("tests/test_a.py", "tests/test_a.py", code, functions=(function,))
    return Case(
        id=f"tests/test_a.py::{name}",
        placed_id=f"tests/test_a.py::{name}",
        candidate=candidate,
        function=function,
        requirements=(requirement.id,),
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

    dispute = dispute_of(case(RAISES, outcome), SPEC, {})

    assert (dispute.expected, dispute.actual) == (
        "CalculatorError",
        "ZeroDivisionError: division by zero",
    )
    assert (dispute.code_path, dispute.code_line) == ("src/ops.py", 7)
    assert not dispute.code_returned


def test_the_criterion_that_the_test_is_about_is_quoted():
    dispute = dispute_of(case(RAISES, failed(line=3)), SPEC, {})

    assert dispute.requirement_text == "Dividing by zero raises `CalculatorError`"
    assert dispute.spec_line == 58


def test_where_no_criterion_stands_out_the_requirement_is_quoted():
    code = "def test_it():\n    assert divide(6, 3) == 2\n"

    dispute = dispute_of(case(code, failed(line=2, comparison=("3", "==", "2"))), SPEC, {})

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

    dispute = dispute_of(case(f"def test_it():\n    {statement}\n", outcome), SPEC, {})

    assert (dispute.expected, dispute.actual) == ("2", "3")


BASKET = Requirement(
    id="Requirement 1",
    title="Lines",
    text="As a buyer, I want lines in my basket.",
    lines=LineRange(start=5, end=14),
    criteria=(
        Criterion(text="1.3 WHEN a name is added twice THE SYSTEM SHALL add up.", line=13),
        Criterion(text="1.4 WHEN a negative price is given THE SYSTEM SHALL take it.", line=14),
    ),
)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ('def test_it():\n    """Requirement 1.4"""\n    basket.add("tea", -2)\n', 14),
        ('def test_it():\n    # _Requirements: 1.3_\n    basket.add("tea", -2)\n', 13),
        ("def test_req_1_4_twice_added_name():\n    add(2)\n", 14),
        ('def test_twice_added():\n    """Requirements 1.3, 1.4"""\n', 13),
        ('def test_it():\n    """Requirement 1"""\n    put(2)\n', 5),
    ],
)
def test_the_criterion_that_the_test_cites_is_quoted(code, line):
    spec = SPEC.model_copy(update={"requirements": (BASKET,)})
    outcome = failed(error="ValueError", message="ValueError: no", line=3)

    assert dispute_of(case(code, outcome, BASKET), spec, {}).spec_line == line


SOURCES = {
    "src/engine.py": (
        "def helper():\n    return 1\n\n"
        "class Template:\n    def render(self):\n        return helper()\n\n"
        "@cache\ndef render(text):\n    return Template().render()\n\n"
        "def last():\n    return 2\n"
    ),
    "src/filters.py": "def safe(text):\n    return text\n" + "\n" * 40 + "def bottom(): return 1\n",
}
REACHED = {
    "src/engine.py": frozenset({(-8, 10), (10, -8), (6, -5), (2, -1), (13, -12)}),
    "src/filters.py": frozenset({(2, -1), (43, -43)}),
}


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (("assert render(safe(x)) == 1",), ("src/engine.py", 10)),
        (("y = safe(x)", "assert y == render"), ("src/engine.py", 10)),
        (("y = safe(x)", "assert y == 1", "render(x)"), ("src/filters.py", 2)),
        (("assert thing == 1",), ("src/filters.py", 43)),
    ],
)
def test_an_assertion_that_fails_shows_where_the_function_returned_that_was_named_last(
    lines, place
):
    code = "def test_it():\n    " + "\n    ".join(lines) + "\n"
    line = next(n for n, text in enumerate(lines, 2) if "assert" in text)
    outcome = failed(line=line, comparison=("2", "==", "1"), by_assertion=True, reached=REACHED)

    dispute = dispute_of(case(code, outcome), SPEC, SOURCES)

    assert (dispute.code_path, dispute.code_line) == place
    assert dispute.code_returned
