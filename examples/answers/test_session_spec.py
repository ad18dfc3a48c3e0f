# Recorded answer: written by hand to stand for a model's, with the flaws that models have.
"""Tests for calculator.session, from specs/calculator_operations.md."""

import random

import pytest
from calculator.operations import CalculatorError
from calculator.session import Calculator


@pytest.fixture
def calculator():
    return Calculator()


@pytest.mark.requirement("FR-7")
@pytest.mark.parametrize(("symbol", "result"), [("+", 12), ("-", 8), ("*", 20), ("/", 5)])
def test_apply_knows_the_four_operations(calculator, symbol, result):
    calculator.apply("+", 10)
    assert calculator.apply(symbol, 2) == result
    assert calculator.value == result


@pytest.mark.requirement("FR-7")
def test_unknown_symbol_is_an_error_and_changes_nothing(calculator):
    calculator.apply("+", 4)
    with pytest.raises(CalculatorError, match="%"):
        calculator.apply("%", 2)
    assert calculator.value == 4
    assert calculator.history == [("0 + 4", 4)]


@pytest.mark.requirement("FR-7")
def test_clear_leaves_memory_and_history_alone(calculator):
    calculator.apply("+", 4)
    calculator.memory_store()
    calculator.clear()
    assert calculator.value == 0
    assert len(calculator.history) == 1
    assert calculator.memory_recall() == 4


@pytest.mark.requirement("FR-8")
def test_memory_add_counts_an_empty_cell_as_zero(calculator):
    calculator.apply("+", 5)
    calculator.memory_add()
    calculator.memory_add()
    assert calculator.memory_recall() == 10


@pytest.mark.requirement("FR-8")
def test_recalling_a_cleared_cell_is_an_error(calculator):
    calculator.memory_store()
    calculator.memory_clear()
    with pytest.raises(CalculatorError):
        calculator.memory_recall()


@pytest.mark.requirement("FR-9")
def test_history_is_oldest_first(calculator):
    calculator.apply("+", 2)
    calculator.apply("*", 3)
    assert calculator.history == [("0 + 2", 2), ("2 * 3", 6)]


@pytest.mark.requirement("FR-9")
def test_history_keeps_only_the_latest():
    calculator = Calculator(history_limit=2)
    for operand in (1, 2, 3):
        calculator.apply("+", operand)
    assert calculator.history == [("1 + 2", 3), ("3 + 3", 6)]


@pytest.mark.requirement("FR-9")
def test_changing_the_returned_history_does_not_change_the_session(calculator):
    calculator.apply("+", 2)
    calculator.history.clear()
    assert len(calculator.history) == 1


@pytest.mark.requirement("FR-9")
def test_undo_restores_the_value_and_forgets_the_calculation(calculator):
    calculator.apply("+", 2)
    calculator.apply("*", 3)
    assert calculator.undo() == 2
    assert calculator.history == [("0 + 2", 2)]


@pytest.mark.requirement("FR-9")
def test_undo_with_nothing_to_take_back_is_an_error(calculator):
    with pytest.raises(CalculatorError):
        calculator.undo()


def test_session_can_be_used(calculator):
    calculator.apply("+", 1)
    calculator.memory_store()
    calculator.clear()


def test_any_operand_changes_the_value(calculator):
    calculator.apply("+", random.randint(0, 3))
    assert calculator.value != 0
