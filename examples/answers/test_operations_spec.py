# Recorded answer: written by hand to stand for a model's, with the flaws that models have.
"""Tests for calculator.operations, from specs/calculator_operations.md."""

import pytest
from calculator.operations import (
    CalculatorError,
    add,
    divide,
    mean,
    multiply,
    power,
    square_root,
    subtract,
)


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize(
    ("left", "right", "total"), [(2, 3, 5), (-4, -6, -10), (0.5, 0.25, 0.75), (7, 0, 7)]
)
def test_add_returns_the_sum(left, right, total):
    assert add(left, right) == total


@pytest.mark.requirement("FR-2")
def test_subtract_is_negative_when_the_second_number_is_larger():
    assert subtract(3, 5) == -2


@pytest.mark.requirement("FR-3")
@pytest.mark.parametrize(("left", "right", "product"), [(8, 0, 0), (-3, -4, 12), (-3, 4, -12)])
def test_multiply_returns_the_product(left, right, product):
    assert multiply(left, right) == product


@pytest.mark.requirement("FR-4")
def test_divide_keeps_the_fraction():
    assert divide(9, 2) == 4.5


@pytest.mark.requirement("FR-4")
def test_dividing_by_zero_raises_calculator_error():
    with pytest.raises(CalculatorError):
        divide(1, 0)


@pytest.mark.requirement("FR-5")
@pytest.mark.parametrize(
    ("base", "exponent", "result"), [(2, 10, 1024), (2, -1, 0.5), (5, 0, 1), (0, 0, 1)]
)
def test_power_raises_to_the_exponent(base, exponent, result):
    assert power(base, exponent) == result


@pytest.mark.requirement("FR-5")
def test_fractional_power_of_a_negative_number_is_an_error():
    with pytest.raises(CalculatorError, match="not a real number"):
        power(-8, 0.5)


@pytest.mark.requirement("FR-5")
def test_square_root_is_the_positive_one():
    assert square_root(9) == 3


@pytest.mark.requirement("FR-5")
def test_square_root_of_a_negative_number_is_an_error():
    with pytest.raises(CalculatorError):
        square_root(-1)


@pytest.mark.requirement("FR-6")
def test_mean_of_several_numbers():
    assert mean([1, 2, 3, 6]) == 3


@pytest.mark.requirement("FR-6")
def test_mean_of_no_numbers_is_an_error():
    with pytest.raises(CalculatorError):
        mean([])


def test_addition_is_consistent():
    assert add(2, 3) == add(2, 3)


def test_mean_is_rounded_to_two_places():
    assert mean([1, 2, 2]) == 1.67
