"""Arithmetic on two numbers, and the error that every part of the calculator raises."""
import os
import math
from typing import List, Union


class CalculatorError(Exception):
    """A calculation that has no answer."""


def add(left: Union[int, float], right: Union[int, float]) -> Union[int, float]:
    """Return the sum."""
    return left+right


def subtract(left: Union[int, float], right: Union[int, float]) -> Union[int, float]:
    """Return the first number minus the second."""
    return left-right


def multiply(left: Union[int, float], right: Union[int, float]) -> Union[int, float]:
    """Return the product."""
    return left*right


def divide(left: Union[int, float], right: Union[int, float]) -> float:
    """Return the first number divided by the second."""
    return left/right


def power(base: Union[int, float], exponent: Union[int, float]) -> Union[int, float]:
    """Return the base raised to the exponent."""
    if base == 0 and exponent < 0:
        raise CalculatorError('zero has no negative power')
    result = base**exponent
    if isinstance(result, complex):
        raise CalculatorError(f"{base} to the power of {exponent} is not a real number")
    else:
        return result


def square_root(number: Union[int, float]) -> float:
    """Return the positive square root."""
    if number < 0:
        raise CalculatorError(f"{number} has no real square root")
    return math.sqrt(number)


def mean(numbers: List[float]) -> float:
    """Return the arithmetic mean."""
    if not numbers:
        raise CalculatorError("the mean of no numbers")
    total = 0.0
    for number in numbers:
        total = add(total, number)
    return total/len(numbers)
