"""What is left of the text of a generated file when some of its tests go."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.verification.excerpt import Part, excerpt

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
    return excerpt(SOURCE, Part(frozenset(names)))


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


CLASSES = '''"""Tests."""
import pytest
from shop import Cart, Basket; import shop


class Contract:
    def test_empty(self):
        assert not self.make()


class TestCart(Contract):
    """A cart."""
    make = Cart

    def test_own(self):
        assert self.make


class TestBasket(Contract): make = Basket


class TestOuter:
    class TestInner:
        def test_inner(self):
            assert shop
'''


def test_a_class_loses_the_inherited_test_that_was_not_accepted_for_it():
    part = Part(
        frozenset({"Contract.test_empty", "TestCart.test_own"}),
        classes=frozenset({"TestCart"}),
        without=frozenset({("TestCart", "test_empty"), ("TestBasket", "test_empty")}),
    )
    text = excerpt(CLASSES, part)
    assert '    """A cart."""\n    test_empty = None\n    make = Cart\n' in text
    assert "class TestBasket(Contract):\n    test_empty = None\n" in text
    assert "TestOuter" not in text
    assert "Basket; import shop" in text  # two statements on a line are left as they are


def test_a_class_that_is_left_without_tests_goes():
    part = Part(
        frozenset({"Contract.test_empty"}),
        classes=frozenset({"TestBasket"}),
        emptied=frozenset({"TestCart", "TestOuter.TestInner"}),
    )
    text = excerpt(CLASSES, part)
    assert "TestCart" not in text
    assert "TestOuter" not in text
    assert "class TestBasket(Contract)" in text


def test_a_base_class_stays_without_its_tests():
    text = excerpt(CLASSES, Part(frozenset({"TestCart.test_own"}), classes=frozenset({"TestCart"})))
    assert "class Contract:\n    pass\n" in text
    assert "class TestCart(Contract)" in text


def test_a_nested_class_stays_within_its_outer_one():
    part = Part(
        frozenset({"TestOuter.TestInner.test_inner"}), classes=frozenset({"TestOuter.TestInner"})
    )
    assert "class TestOuter:\n    class TestInner:\n        def test_inner" in excerpt(
        CLASSES, part
    )


TABLE = """import pytest
from shop import A, B


@pytest.mark.parametrize(
    ("made", "total"),
    [
        (A, 1),  # one
        (B, {"é": [2]}),
        (A, 3),
    ],
    ids=["one", "two", "three"],
)
def test_rows(made, total):
    assert made


@pytest.mark.parametrize("n", (1, 2))
def test_more(n):
    assert n
"""


def test_a_table_keeps_the_rows_that_were_accepted():
    part = Part(
        frozenset({"test_rows", "test_more"}),
        rows={"test_rows": (True, False, True), "test_more": (False, True)},
    )
    text = excerpt(TABLE, part)
    assert text.startswith("import pytest\nfrom shop import A\n")
    assert "    [\n        (A, 1),\n        (A, 3),\n    ],\n" in text
    assert 'ids=["one", "three"]' in text
    assert 'parametrize("n", (2,))' in text
    ast.parse(text)


def test_all_of_it_is_the_file_itself():
    assert kept(*NAMES) == SOURCE


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_any_part_of_it_is_python_with_just_these_tests(names):
    tree = ast.parse(kept(*names))

    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert found - {"helper"} == {name.rpartition(".")[2] for name in names}
