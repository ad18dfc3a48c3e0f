"""A check that could not be made says so: it accuses nobody and lets nobody pass."""

from __future__ import annotations

import contextlib

import pytest

from spec_to_production.results import GeneratedFile
from spec_to_production.verification.interpreter import Interpreter

PRICE = """
from shop import parse

def test_price():
    assert parse("12") == 12
"""


def candidate(name, text):
    return GeneratedFile(path=f"tests/test_{name}.py", content=text)


@pytest.fixture
def no_sessions(monkeypatch):
    """Sessions do not open that a test picks by what they are opened with."""

    def close(is_meant):
        session = Interpreter.session

        def refusing(interpreter, run):
            return contextlib.nullcontext() if is_meant(run) else session(interpreter, run)

        monkeypatch.setattr(Interpreter, "session", refusing)

    return close


def is_alone(run):
    return run.watch


def is_of_nulls(run):
    return bool(run.overlay)


def is_of_mutants(run):
    return not (run.watch or run.overlay or run.select)


@pytest.mark.parametrize("is_meant", [is_alone, is_of_nulls, is_of_mutants])
def test_where_no_session_opens_a_test_is_not_judged(make_verifier, no_sessions, is_meant):
    verifier = make_verifier()
    no_sessions(is_meant)
    (verdict,) = verifier.judge([candidate("price", PRICE)])
    found = verifier.conclude(None)

    assert (verdict.verdict, verdict.reason) == ("rejected", "not_collected")
    assert verdict.detail.startswith("It could not be judged")
    assert not made(found, "mutants")
    assert found.files == ()


def test_what_the_existing_tests_kill_is_not_known_without_sessions(make_verifier, no_sessions):
    verifier = make_verifier()
    (verdict,) = verifier.judge([candidate("price", PRICE)])
    no_sessions(is_of_mutants)
    found = verifier.conclude(None)

    assert verdict.verdict == "accepted"
    assert (found.mutation.before, found.mutation.after) == (None, None)
    assert not made(found, "mutants")


def test_repeats_that_could_not_be_made_are_not_counted_as_made(make_verifier, no_sessions):
    verifier = make_verifier()
    no_sessions(lambda run: run.select)
    verifier.judge([candidate("price", PRICE)])
    found = verifier.conclude(None)

    assert not made(found, "repeats")
    assert made(found, "mutants")


def test_files_that_cannot_be_imported_together_keep_nobody_from_being_judged(make_verifier):
    first = "import builtins\nbuiltins.first = True\n" + PRICE
    second = PRICE.replace("price", "second") + (
        "\nimport builtins, os\nif hasattr(builtins, 'first'):\n    os._exit(3)\n"
    )
    other = """
from shop import shipping

def test_shipping():
    assert (shipping(100), shipping(101)) == (5, 0)
"""
    verifier = make_verifier()
    texts = {"a_first": first, "b_second": second, "c_other": other}
    verdicts = verifier.judge([candidate(*each) for each in texts.items()])
    found = verifier.conclude(None)

    assert [(verdict.verdict, verdict.reason) for verdict in verdicts] == [
        ("accepted", None),
        ("rejected", "not_collected"),
        ("accepted", None),
    ]
    assert verdicts[1].detail.startswith("It could not be judged")
    assert made(found, "repeats")


def test_a_file_that_cannot_be_imported_elsewhere_costs_the_others_nothing(make_verifier):
    """In the repeats, that is: some of them run in another working directory."""
    late = PRICE.replace("price", "late") + (
        "\nimport os, pathlib\nif pathlib.Path.cwd().name != 'checkout':\n    os._exit(3)\n"
    )
    verifier = make_verifier()
    verdicts = verifier.judge([candidate("a_price", PRICE), candidate("b_late", late)])

    assert [verdict.reason for verdict in verdicts] == [None, "not_collected"]
    assert made(verifier.conclude(None), "repeats")


def made(found, name):
    (check,) = (check for check in found.checks if name in check.name)
    return check.made
