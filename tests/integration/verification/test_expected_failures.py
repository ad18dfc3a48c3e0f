"""Disputed tests in a suite that stays green until the code does what the spec says."""

import ast
import subprocess
import sys

import pytest

from spec_to_production.results import Dispute, GeneratedFile, TestVerdict, Verification
from spec_to_production.verification.expected_failures import expected_failures

PATH = "tests/test_div.py"
SOURCE = '''"""What dividing does."""

from __future__ import annotations

import os


def divide(a, b):
    return a / b if b else None


def test_accepted():
    assert divide(4, 2) == 2


def test_zero():
    """FR-4"""
    assert divide(1, 0) == "no"


class TestDivide:
\t@staticmethod
\tdef test_zero(): assert divide(1, 0) == "no"
'''


def dispute(**fields):
    return Dispute(
        **{
            "requirement_id": "FR-4",
            "requirement_text": "Dividing by zero says no",
            "spec_line": 3,
            "statement": 'assert divide(1, 0) == "no"',
            "expected": "'no'",
            "actual": "None",
            "failures": 60,
        }
        | fields
    )


def disputed(test, **fields):
    return TestVerdict(id=f"{PATH}::{test}", verdict="disputed", dispute=dispute(**fields))


def accepted(test):
    return TestVerdict(id=f"{PATH}::{test}", verdict="accepted")


def found(*tests, source=SOURCE):
    return Verification(tests=tests, candidates=(GeneratedFile(path=PATH, content=source),))


def outcome(tmp_path, file):
    (tmp_path / "test_it.py").write_text(file.content)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rxX", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_only_the_disputed_tests_are_there_and_they_are_expected_to_fail(tmp_path):
    (file,) = expected_failures(
        found(accepted("test_accepted"), disputed("test_zero"), disputed("TestDivide::test_zero"))
    )

    assert file.path == "tests/test_div_disputed.py"
    told = outcome(tmp_path, file)
    assert "2 xfailed" in told
    assert "passed" not in told
    assert "FR-4: assert divide(1, 0) ==" in told


def test_the_mark_turns_red_when_the_code_follows_the_spec(tmp_path):
    mended = SOURCE.replace("else None", "else 'no'")
    (file,) = expected_failures(found(disputed("test_zero"), source=mended))

    assert "XPASS(strict)" in outcome(tmp_path, file)


def test_a_test_whose_cases_differ_is_left_out():
    source = "def test_zero(b): ...\n"
    cases = (accepted("test_zero[1]"), disputed("test_zero[0]"))

    assert expected_failures(found(*cases, source=source)) == ()


def test_a_test_with_disputed_cases_only_is_marked_once():
    source = (
        "import pytest\n\n@pytest.mark.parametrize('b', [0, 1])\ndef test_b(b):\n    assert b > 1\n"
    )
    (file,) = expected_failures(found(disputed("test_b[0]"), disputed("test_b[1]"), source=source))

    assert file.content.count("xfail") == 1
    assert file.content.count("import pytest") == 1


def test_without_disputes_there_is_no_file():
    assert expected_failures(found(accepted("test_accepted"))) == ()


def test_a_candidate_that_cannot_be_parsed_costs_the_others_nothing():
    broken = GeneratedFile(path="tests/test_broken.py", content="def test_x(:\n")
    verification = found(disputed("test_zero"))
    candidates = (broken, *verification.candidates)

    (file,) = expected_failures(verification.model_copy(update={"candidates": candidates}))

    assert file.path == "tests/test_div_disputed.py"


@pytest.mark.parametrize("text", ['")\nimport os\n(', "\\", "'\"", "\u202e", "{x}", "\x00", "é"])
def test_what_a_dispute_says_stays_a_text(text):
    (file,) = expected_failures(found(disputed("test_zero", statement=text, actual=text)))

    (test,) = [node for node in ast.parse(file.content).body if node_name(node) == "test_zero"]
    (mark,) = test.decorator_list
    assert isinstance(mark.keywords[1].value, ast.Constant)
    assert "\u202e" not in file.content


def node_name(node):
    return getattr(node, "name", None)
