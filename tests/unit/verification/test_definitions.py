"""Test functions as they are read from a file."""

from __future__ import annotations

import ast

import pytest

from spec_to_production.verification.definitions import functions_of


def essence(source):
    *_, last = functions_of(ast.parse(source), source)
    return last.essence


def test_functions_are_found_in_classes_and_classes_in_classes():
    source = "def test_a(): 0\nclass T:\n def test_b(self): 0\n class U:\n  def test_c(self): 0"
    assert [function.name for function in functions_of(ast.parse(source), source)] == [
        "test_a",
        "T.test_b",
        "T.U.test_c",
    ]


def test_the_code_of_a_function_is_its_own_lines():
    source = "import x\n\x0c\nS = '\u2028'\n@mark\ndef test_a():\n    assert 1\n\ndef f(): 0\n"
    (found,) = functions_of(ast.parse(source), source)
    assert found.code == "@mark\ndef test_a():\n    assert 1"


SAME = {
    "another name": "def test_a():\n assert f(1)\n",
    "a docstring": 'def test_b():\n "FR-1"\n assert f(1)\n',
    "a mark, and its import": "import pytest\n@pytest.mark.slow\ndef test_b():\n assert f(1)\n",
    "a plain mark": "@pytest.mark.requirement('FR-1')\ndef test_b():\n assert f(1)  # comment\n",
    "a class": "class T:\n 'Says.'\n def test_b(self):\n  assert f(1)\n",
    "beside what it does not use": "x = 1\ndef g(): pass\ndef test_b():\n assert f(1)\n",
}


@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_copies_have_the_same_essence(source):
    assert essence(source) == essence("def test_b():\n assert f(1)\n")


OTHER = {
    "another value": ("def test_a():\n assert f(1)\n", "def test_a():\n assert f(2)\n"),
    "another origin of a name": (
        "from a import f\ndef test_a():\n assert f(1)\n",
        "from b import f\ndef test_a():\n assert f(1)\n",
    ),
    "another fixture of that name": (
        "def f(): return 1\ndef test_a(f):\n assert f\n",
        "def f(): return 2\ndef test_a(f):\n assert f\n",
    ),
    "what a helper stands on": (
        "X = 1\ndef f(): return X\ndef test_a():\n assert f()\n",
        "X = 2\ndef f(): return X\ndef test_a():\n assert f()\n",
    ),
    "another attribute of the class": (
        "class T:\n make = A\n def test_a(self):\n  assert self.make()\n",
        "class T:\n make = B\n def test_a(self):\n  assert self.make()\n",
    ),
    "another base": (
        "class T(A):\n def test_a(self):\n  assert self.x\n",
        "class T(B):\n def test_a(self):\n  assert self.x\n",
    ),
    "another strategy": (
        "@given(integers())\ndef test_a(x):\n assert f(x)\n",
        "@given(text())\ndef test_a(x):\n assert f(x)\n",
    ),
    "other parameters": (
        "@pytest.mark.parametrize('x', [1])\ndef test_a(x):\n assert f(x)\n",
        "@pytest.mark.parametrize('x', [2])\ndef test_a(x):\n assert f(x)\n",
    ),
}


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_what_a_test_stands_on_belongs_to_its_essence(one, other):
    assert essence(one) != essence(other)


IMPORTS = """
import shop.cart as basket
from prices import parse
from unused import other
from everything import *

def helper():
    return parse("1")

def test_a():
    import json
    assert helper() == basket.size == json.loads("1")
"""


def test_what_a_function_imports_is_known_by_the_names_that_it_uses():
    (found,) = functions_of(ast.parse(IMPORTS), IMPORTS)
    assert found.imports == {
        "shop.cart",
        "prices",
        "prices.parse",
        "everything",
        "everything.*",
        "json",
    }
