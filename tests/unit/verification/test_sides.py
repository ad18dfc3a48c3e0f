"""What a failed test expected and what came, from real failures of pytest and unittest."""

import ast
import unittest

import pytest

from spec_to_production.verification.runs import Outcome
from spec_to_production.verification.sides import sides

pytest_plugins = ["pytester"]


def told(statement, message="", comparison=None, *, by_assertion=True):
    """The sides of a statement that failed with this message."""
    outcome = Outcome(
        id="x",
        outcome="failed",
        duration_ms=1.0,
        by_assertion=by_assertion,
        message=message,
        line=1,
        comparison=comparison,
    )
    return sides(ast.parse(statement).body[0], outcome, statement)


@pytest.mark.parametrize(
    ("statement", "expected", "actual"),
    [
        ("self.assertEqual(f(1), 2)", "2", "1"),
        ("self.assertEqual(2, f(1))", "2", "1"),
        ("self.assertEqual(f(1), 2, 'in : words')", "2", "1"),
        ("self.assertEqual(f([1]), [2], msg='words')", "[2]", "[1]"),
        ("self.assertEqual(f('a\\nb'), 'a\\nc')", r"'a\nc'", r"'a\nb'"),
        ("self.assertEqual(f('a != b'), '')", None, None),
        ("self.assertEqual(f({1}), {2})", None, None),
        ("self.assertAlmostEqual(f(3), 4.0)", "4.0", "3"),
        ("self.assertTrue(f(0), 'words')", "a true value", "0"),
        ("self.assertFalse(f(1))", "a false value", "1"),
        ("self.assertIsNone(f(1))", "None", "1"),
        ("self.assertIs(f(1), True)", "True", "1"),
        ("self.assertIsInstance(f(1), str)", "an instance of <class 'str'>", "1"),
        ("self.assertRaises(ValueError, f, 1)", "ValueError", "no exception"),
        ("self.assertNotEqual(f(1), 1)", None, None),
        ("self.fail('1 != 2')", None, None),
    ],
)
def test_the_values_of_unittest(statement, expected, actual):
    with pytest.raises(AssertionError) as error:
        exec(statement, {"self": unittest.TestCase(), "f": lambda value: value})
    message = f"AssertionError: {error.value}"

    assert told(statement, message) == (expected, actual)


def test_the_value_of_a_bare_assert(pytester):
    known = {
        "assert f(0)": ("a true value", "0"),
        "assert not f([1])": ("a false value", "[1]"),
        "assert f(0), 'assert words'": ("a true value", "0"),
        "assert isinstance(f(0), str)": ("a true value", "False"),
        "assert EMPTY.real": ("a true value", "0"),
        "assert EMPTY": ("a true value", "0"),
        "assert f(0) or f('')": (None, None),
        "assert [0][0]": (None, None),
    }
    tests = [f"def test_{n}():\n    {statement}" for n, statement in enumerate(known)]
    pytester.makepyfile("\n".join(["EMPTY = 0", "def f(value): return value", *tests]))
    messages = Messages()
    pytester.runpytest_inprocess("-q", plugins=[messages])

    found = {one: told(one, message) for one, message in zip(known, messages.all, strict=True)}
    assert found == known


class Messages:
    """A plugin of pytest that keeps the messages of failures, as the runner does."""

    def __init__(self):
        self.all = []

    def pytest_exception_interact(self, call):
        self.all.append(call.excinfo.exconly(tryshort=True))


@pytest.mark.parametrize(
    ("statement", "comparison", "expected", "actual"),
    [
        ("assert f(1) == 2", ("1", "==", "2"), "2", "1"),
        ("assert f(1) != 1", ("1", "!=", "1"), "!= 1", "1"),
        ("assert f(3) < 2", ("3", "<", "2"), "< 2", "3"),
        ("assert f(3) in []", ("3", "in", "[]"), "in []", "3"),
        ("assert not f(1) == 1", ("1", "==", "1"), "not == 1", "1"),
    ],
)
def test_another_comparison_than_equal_is_named(statement, comparison, expected, actual):
    assert told(statement, comparison=comparison) == (expected, actual)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("f(1)", "no exception"),
        ("with raises(KeyError): f(1)", "KeyError"),
        ("with suspicious_raises(): f(1)", None),
        ("raise ValueError(1)", None),
    ],
)
def test_what_was_expected_where_an_exception_came(statement, expected):
    message = "ValueError: 1"

    assert told(statement, message, by_assertion=False) == (expected, message)
