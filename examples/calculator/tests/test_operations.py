import pytest
from calculator.operations import CalculatorError, add, divide, multiply, power, subtract


def test_add():
    assert add(2, 3) == 5
    assert add(-1, 1) == 0


def test_subtract():
    assert subtract(5, 3) == 2


def test_multiply():
    assert multiply(4, 3) == 12


def test_divide():
    assert divide(9, 3) == 3


def test_power_of_zero():
    with pytest.raises(CalculatorError):
        power(0, -1)
