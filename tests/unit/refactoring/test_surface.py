import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.refactoring.surface import lost_imports, same_code, surface_changes, takers

BASE = b"""\
import os

LIMIT = 3

class Price(ValueError):
    '''A price.'''
    def net(self, rate, *, digits=2):
        return rate

def total(prices, /, tax=0.2):
    return prices

async def fetch(url): ...

def _private(a): ...
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"LIMIT = 3", b"", "m.LIMIT is gone"),
        (b"def total", b"def sum_", "m.sum_ is new"),
        (b"tax=0.2", b"tax=0.3", "m.total was"),
        (b"prices, /, tax", b"prices, tax", "m.total was"),
        (b"*, digits", b"digits", "m.Price.net was"),
        (b"Price(ValueError)", b"Price(Exception)", "m.Price was"),
        (b"async def fetch", b"def fetch", "m.fetch was"),
        (b"    def net", b"    @property\n    def net", "m.Price.net was"),
    ],
)
def test_a_change_that_a_caller_can_notice_is_told(old, new, told):
    changes = surface_changes("m", BASE, BASE.replace(old, new))

    assert any(change.startswith(told) for change in changes)


def test_changes_are_told_in_the_order_of_the_module():
    names = [f"name_{n}" for n in range(9, 0, -1)]
    module = "".join(f"def {name}(): ...\n" for name in names).encode()

    assert surface_changes("m", module, b"") == [f"m.{name} is gone" for name in names]
    assert surface_changes("m", b"", module) == [f"m.{name} is new" for name in names]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"import os\n", b""),
        (b"def _private(a)", b"def _private(b)"),
        (b"tax=0.2", b"tax: float = 0.2"),
        (b"return rate", b"return rate * 2"),
        (b"'''A price.'''", b'"""A price."""'),
    ],
)
def test_what_is_private_or_mere_spelling_is_no_change(old, new):
    assert surface_changes("m", BASE, BASE.replace(old, new)) == []


def test_an_import_that_is_exported_belongs_to_the_interface():
    before = b"from os import path\n__all__ = ['path']\n"

    assert surface_changes("m", before, b"__all__ = ['path']\n") == ["m.path is gone"]


def test_lost_imports_are_those_of_the_module_itself():
    before = b"import os.path\nimport sys as system\nfrom typing import List, Any\n"

    assert lost_imports(before, b"from typing import Any\n") == {"os", "system", "List"}


def test_who_takes_a_name_from_a_module_is_found(tmp_path):
    (tmp_path / "a.py").write_text("def f():\n    from shop.price import os\n")
    (tmp_path / "b.py").write_text("from shop.price import total\n")
    (tmp_path / "c.py").write_text("from shop.prices import os\n")
    (tmp_path / "broken.py").write_text("from shop.price import (\n")

    assert takers(tmp_path, "shop.price", {"os"}) == ["a.py"]


def test_the_declared_encoding_of_a_source_is_respected():
    source = "# coding: latin-1\ndef grüße(): ...\n"

    assert surface_changes("m", source.encode("latin-1"), b"") == ["m.grüße is gone"]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (b"x = {'a':1}", b'x = {"a": 1}\n', True),
        (b"def f():\n    '''One.\n       Two.   '''", b'def f():\n  """One.\n    Two."""', True),
        (b"x = 1", b"x = 2", False),
        (b"import a, b", b"import a\nimport b", False),
        (b"def f():\n    'Doc.'", b"def f():\n    'Another.'", False),
    ],
)
def test_layout_is_the_same_code(before, after, same):
    assert same_code(before, after) is same


@given(st.integers(0, 12), st.text("abc \n", min_size=1))
def test_a_docstring_may_be_indented_anew(margin, words):
    def function(indent):
        body = words.replace("\n", "\n" + " " * indent)
        return f'def f():\n    """Says {body}"""\n'.encode()

    assert same_code(function(4), function(4 + margin))
