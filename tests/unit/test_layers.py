"""The house is built as CONTRIBUTING.md says: a room knows its neighbours and those below it."""

import ast
import functools
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "spec_to_production"


@functools.cache
def floors():
    """Each room of the table, with the number of its row from above."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = text.partition("| room |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {
        room: number
        for number, row in enumerate(rows)
        for room in re.findall(r"`(\w+)(?:\.py)?`", row)
    }


@functools.cache
def arrows():
    """Which rooms each room imports from."""
    known = {}
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        known.setdefault(room, set()).update(imported(path) - {room, "__version__"})
    return {room: others for room, others in known.items() if room != "__init__"}


def imported(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            package, *inner = node.module.split(".")
            if package == PACKAGE.name:
                found.update(inner[:1] or [alias.name for alias in node.names])
    return found


def test_every_room_is_in_the_table():
    assert set(floors()) == set(arrows())


@pytest.mark.parametrize("room", sorted(floors()))
def test_a_room_knows_none_that_lies_above_it(room):
    floor = floors()

    assert [other for other in arrows()[room] if floor[other] < floor[room]] == []


def test_nothing_goes_in_circles():
    TopologicalSorter(arrows()).prepare()
