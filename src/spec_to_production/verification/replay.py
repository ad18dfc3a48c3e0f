"""Judging again what was judged before, to see whether the verdicts are the same."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from spec_to_production.errors import TestsError
from spec_to_production.results import TestVerdict, Verification, WorkflowResult
from spec_to_production.verification.verifier import Effort


def read_verdicts(path: Path) -> Verification:
    """The verdicts of an earlier run, with the tests that they are about.

    Raises:
        TestsError: It is no file of verdicts.
    """
    hint = "Give a file that verify --output verdicts.json wrote."
    try:
        recorded = Verification.model_validate_json(path.read_bytes())
    except OSError as error:
        told = f"replay: {path} cannot be read: {error.strerror or error}."
        raise TestsError(told, hint=hint) from error
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        why = f"{where}: {problem['msg']}" if where else problem["msg"]
        raise TestsError(f"replay: {path} holds no verdicts: {why}.", hint=hint) from error
    if not recorded.candidates:
        raise TestsError(f"replay: {path} holds no tests.", hint=hint)
    return recorded


def naming_inputs(verification: Verification, result: WorkflowResult) -> Verification:
    """The verdicts of a run, with the paths of the spec and the component that they are about."""
    paths = {"spec": result.spec.path, "component": result.component.path}
    return verification.model_copy(update=paths)


def inputs_of(recorded: Verification) -> dict[str, str]:
    """The spec and the component of an earlier run, as far as its verdicts name them."""
    named = {"spec": recorded.spec, "component": recorded.component}
    return {name: path for name, path in named.items() if path}


def effort_of(recorded: Verification) -> Effort:
    """The effort of an earlier run, its seed included."""
    return Effort(**recorded.effort.model_dump()) if recorded.effort else Effort()


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
