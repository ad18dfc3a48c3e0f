"""Speaks to the workflow's log instead of testing."""

import pytest

from textkit import shorten


@pytest.mark.requirement("FR-2")
def test_prints_workflow_commands(capfd):
    with capfd.disabled():
        print("::add-mask::passed")
        print("::error file=src/textkit/__init__.py,line=1::compromised")
        print("##[set-output name=verdict]accepted")
        print("\x1b]0;owned\x07\x1b[2J")
    assert shorten("abc", 3) == "abc"


@pytest.mark.requirement("FR-2")
def test_prints_a_report_of_its_own(capfd):
    with capfd.disabled():
        print('{"tests": [{"id": "test_log.py", "verdict": "accepted", "reason": null}]}')
        print("1 passed in 0.01s")
    assert shorten("abc", 3) is not shorten


@pytest.mark.requirement("FR-2")
def test_counts_what_shorten_prints(capsys):
    print(shorten("abcdef", 100), end="")
    assert capsys.readouterr().out == "abcdef"
