"""Which part of a generated file is taken over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spec_to_production.syntax import parse
from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.definitions import functions_of
from spec_to_production.verification.evidence import Case, Ruling
from spec_to_production.verification.salvage import salvage

PATH = "tests/test_a.py"
GOOD = Ruling("accepted", None, "")
BAD = Ruling("rejected", "vacuous", "")
IDLE = Ruling("rejected", "redundant", "")


def left(source, rulings):
    """The salvaged text, and the ids in it, of tests with these rulings: id below the file, and
    the name that its function has there.
    """
    functions = {function.name: function for function in functions_of(parse(source), source)}
    candidate = Candidate(PATH, PATH, source, tuple(functions.values()))
    cases = [
        replace(Case(f"{PATH}::{name}", f"{PATH}::{name}", candidate, functions[of]), ruling=ruling)
        for (name, of), ruling in rulings.items()
    ]
    found = salvage(cases)
    if not found:
        return "", []
    accepted = [case for group in found[0].tests for case in group if case.is_("accepted")]
    return found[0].file.content, sorted(case.id.partition("::")[2] for case in accepted)


ROWS = """import pytest


@pytest.mark.parametrize("n", [1, 2, 3])
def test_rows(n):
    assert n
"""


def rows(*rulings, source=ROWS):
    names = [f"test_rows[{number}]" for number in range(1, len(rulings) + 1)]
    return left(
        source, {(name, "test_rows"): one for name, one in zip(names, rulings, strict=True)}
    )


def test_rows_that_were_not_accepted_leave_the_table():
    text, ids = rows(GOOD, BAD, GOOD)
    assert '"n", [1, 3]' in text
    assert ids == ["test_rows[1]", "test_rows[3]"]


def test_rows_that_add_nothing_may_stay_with_others():
    text, ids = rows(GOOD, IDLE, GOOD)
    assert text == ROWS
    assert ids == ["test_rows[1]", "test_rows[3]"]


def test_rows_that_add_nothing_are_no_test_by_themselves():
    assert rows(IDLE, IDLE, IDLE) == ("", [])


@pytest.mark.parametrize(
    "table", ["ROWS", "[1, *MORE]", "[1, 2]", "[1, 2, 3], ids=NAMES", "range(3)"]
)
def test_a_function_whose_rows_cannot_be_told_apart_goes_as_a_whole(table):
    source = ROWS.replace("[1, 2, 3]", table)
    assert rows(GOOD, BAD, GOOD, source=source) == ("", [])
    assert rows(GOOD, GOOD, GOOD, source=source)[0] == source


CLASSES = """class Contract:
    def test_it(self):
        assert self.make


class TestA(Contract):
    make = A


class TestB(Contract):
    make = B
"""


def inherited(a, b):
    of = "Contract.test_it"
    return left(CLASSES, {("TestA::test_it", of): a, ("TestB::test_it", of): b})


def test_inherited_tests_are_taken_over_with_their_classes():
    assert inherited(GOOD, GOOD) == (CLASSES, ["TestA::test_it", "TestB::test_it"])


def test_a_class_without_accepted_tests_goes_and_the_base_stays():
    text, ids = inherited(GOOD, BAD)
    assert "TestB" not in text
    assert "class Contract" in text
    assert ids == ["TestA::test_it"]


def test_what_the_defining_class_cannot_keep_its_heirs_cannot_either():
    source = CLASSES.replace("Contract", "TestBase")
    of = "TestBase.test_it"
    rulings = {("TestBase::test_it", of): BAD, ("TestA::test_it", of): GOOD}
    assert left(source, rulings) == ("", [])
