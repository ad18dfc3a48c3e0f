"""Judging again what was judged before, to see whether the verdicts are the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from spec_to_production.errors import TestsError
from spec_to_production.results import TestVerdict, Verification
from spec_to_production.verification.verifier import Effort


def read_verdicts(path: Path) -> Verification:
    """The verdicts of an earlier run, with the tests that they are about.

    Raises:
        TestsError: It is no file of verdicts.
    """
    try:
        recorded = Verification.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        hint = "Give a file that verify --output verdicts.json wrote."
        raise TestsError(f"replay: {path} holds no verdicts: {error}", hint=hint) from error
    if not recorded.candidates:
        raise TestsError(f"replay: {path} holds no tests.")
    return recorded


def effort_of(recorded: Verification) -> Effort:
    """The effort of an earlier run, its seed included."""
    known = {name: type(value) for name, value in asdict(Effort()).items()}
    return Effort(**{name: known[name](value) for name, value in recorded.effort.items()})


def differences(before: Verification, after: Verification) -> list[str]:
    """What is not as it was, one line for each test."""
    then, now = ({test.id: _said(test) for test in run.tests} for run in (before, after))
    return [
        f"{name}: was {then.get(name, 'not there')}, is {now.get(name, 'not there')}"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]


def _said(test: TestVerdict) -> str:
    return f"{test.verdict} ({test.reason})" if test.reason else test.verdict
