# Recorded answer: written by hand to stand for a model's, with the flaws that models have.
"""Tests for calculator.expression, from specs/calculator_operations.md."""

import pytest
from calculator.expression import evaluate
from calculator.operations import CalculatorError


@pytest.mark.requirement("FR-10")
def test_multiplication_binds_tighter_than_addition():
    assert evaluate("2 + 3 * 4") == 14
    assert evaluate("20 - 6 / 2") == 17


@pytest.mark.requirement("FR-10")
def test_equal_rank_goes_from_left_to_right():
    assert evaluate("10 - 4 - 3") == 3
    assert evaluate("24 / 4 / 2") == 3


@pytest.mark.requirement("FR-10")
def test_powers_bind_tightest_and_go_from_right_to_left():
    assert evaluate("2 * 3 ^ 2") == 18
    assert evaluate("2 ^ 3 ^ 2") == 512


@pytest.mark.requirement("FR-10")
@pytest.mark.parametrize(
    ("text", "value"), [("(2 + 3) * 4", 20), ("-3 + 5", 2), ("2 * -3", -6), ("1.5 + 1", 2.5)]
)
def test_brackets_minus_and_fractions(text, value):
    assert evaluate(text) == value


@pytest.mark.requirement("FR-10")
@pytest.mark.parametrize(
    ("text", "position"), [("2 + $", 5), ("2 3", 3), ("(1 + 2", 1), ("4 + )", 5)]
)
def test_error_names_the_position_of_what_was_unexpected(text, position):
    with pytest.raises(CalculatorError, match=f"position {position}"):
        evaluate(text)


@pytest.mark.requirement("FR-10")
@pytest.mark.parametrize("text", ["", "   ", "1 +"])
def test_unfinished_expression_is_an_error(text):
    with pytest.raises(CalculatorError):
        evaluate(text)


@pytest.mark.requirement("NFR-2")
def test_python_code_is_not_run():
    with pytest.raises(CalculatorError):
        evaluate("__import__('os')")


def test_odd_input_is_handled():
    try:
        evaluate("2 +* 3")
    except Exception:
        pass


def test_python_power_operator():
    assert evaluate("2 ** 3") == 8
