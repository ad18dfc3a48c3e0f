"""What a component does to its own names, read from its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_to_production.verification.runner.ownership import changes_by

READ = """
from shop.tables import RATES
TABLE: dict[str, int] = {"a": 1}
INVERSE = {value: key for key, value in TABLE.items()}

def look(key):
    if TABLE:
        return TABLE[key], TABLE.get(key, 0), len(TABLE)
    for each in TABLE:
        print(f"{TABLE}", *TABLE, each)
    return {**TABLE}, sorted(TABLE), tables.TABLE["a"], key[TABLE]
"""

HANDLED = {
    "an item is set": "TABLE['b'] = 2",
    "an item is removed": "del TABLE['a']",
    "it is added to": "TABLE.update(b=2)",
    "a default is kept": "TABLE.setdefault('b', 2)",
    "a function gets it": "fill(TABLE)",
    "it is given away": "return TABLE",
    "it gets another name": "mine = TABLE",
    "an object keeps it": "self.table = TABLE",
    "its method is kept": "put = TABLE.pop",
    "in its module": "tables.TABLE.clear()",
    "one of two": "mine = TABLE or {}",
    "in a container": "return [TABLE]",
    "bound as a default": "fill(into=TABLE)",
}


def test_a_module_that_python_cannot_read_changes_nothing(tmp_path):
    for name, source in {
        "old": b"print x",
        "garbled": b"x = '\xe9'",
        "new": b"shop.LIMIT = 1",
    }.items():
        (tmp_path / name).write_bytes(source)
    found = changes_by(frozenset(str(path) for path in tmp_path.iterdir()))
    assert found is not None
    assert found.bound == {"LIMIT"}


def changes(tmp_path: Path, source: str):
    path = tmp_path / "component.py"
    path.write_text(source)
    return changes_by(frozenset({str(path)}))


def test_what_is_only_read_is_a_constant(tmp_path):
    found = changes(tmp_path, READ)
    assert found is not None
    assert not {"TABLE", "INVERSE", "RATES"} & (found.handled | found.bound)


@pytest.mark.parametrize("deed", HANDLED.values(), ids=HANDLED)
def test_what_may_be_changed_in_place_is_not(tmp_path, deed):
    found = changes(tmp_path, f"TABLE = {{'a': 1}}\ndef deed(self):\n    {deed}\n")
    assert found is not None
    assert "TABLE" in found.handled


@pytest.mark.parametrize("deed", ["global LIMIT; LIMIT = 2", "shop.LIMIT = 2", "shop.LIMIT += 1"])
def test_what_a_function_binds_anew_is_not(tmp_path, deed):
    found = changes(tmp_path, f"LIMIT = 1\ndef deed():\n    {deed}\n")
    assert found is not None
    assert "LIMIT" in found.bound


@pytest.mark.parametrize("deed", ["globals()['LIMIT'] = 2", "setattr(shop, name, 2)", "exec(text)"])
def test_where_any_name_may_be_meant_nothing_is_known(tmp_path, deed):
    assert changes(tmp_path, f"LIMIT = 1\ndef deed():\n    {deed}\n") is None
