"""What is left of a generated file when some of its tests are not accepted."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.salvage import salvaged

SOURCE = '''"""Tests."""
import os, random
import json as j
from decimal import (
    Decimal,
    localcontext,
)
from helpers import a_fixture


HALF = Decimal("0.5")  # a helper


def helper():
    return os.sep


def test_good(a_fixture):
    assert helper() and HALF


@marked
def test_bad():
    with localcontext():
        assert random.random() and j


class TestMixed:
    def test_one(self):
        assert os.name

    def test_two(self):
        assert random


class TestBad:
    def test_three(self):
        assert random
'''
NAMES = ("test_good", "test_bad", "TestMixed.test_one", "TestMixed.test_two", "TestBad.test_three")


def kept(*names):
    return salvaged(Candidate("tests/test_a.py", "tests/test_a.py", SOURCE), names)


def test_nothing_is_left_of_nothing():
    assert kept() is None


def test_other_tests_go_and_everything_else_stays():
    text = kept("test_good", "TestMixed.test_one")

    assert "test_bad" not in text
    assert "@marked" not in text
    assert "test_two" not in text
    assert "TestBad" not in text
    assert "def helper" in text
    assert "# a helper" in text
    assert "def test_one" in text


def test_imports_lose_the_names_that_only_the_others_used():
    text = kept("test_good", "TestMixed.test_one")

    assert "import os\n" in text
    assert "random" not in text
    assert "json" not in text
    assert "from decimal import Decimal\n" in text


def test_an_import_that_is_asked_for_by_an_argument_stays():
    assert "from helpers import a_fixture" in kept("test_good")


def test_all_of_it_is_the_file_itself():
    assert kept(*NAMES) == SOURCE


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_any_part_of_it_is_python_with_just_these_tests(names):
    tree = ast.parse(kept(*names))

    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert found - {"helper"} == {name.rpartition(".")[2] for name in names}
