"""Where a fixture that a test asks for and does not get would come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from spec_to_production.results import GeneratedFile
from spec_to_production.verification.evidence import Case

_MISSING = re.compile(r"There is no fixture `(\w+)`\.")  # as the runner's plugin says it


def explained(case: Case, handed_in: Iterable[GeneratedFile]) -> Case:
    """The case; where it misses a fixture of a ``conftest.py`` that was not taken, it says so."""
    ruling = case.ruling
    missing = _MISSING.fullmatch(ruling.detail) if ruling is not None else None
    if ruling is None or missing is None:
        return case
    name = missing[1]
    home = next((one.path for one in handed_in if _gives(one, name, case.candidate.path)), None)
    if home is None:
        return case
    detail = (
        f"Its fixture `{name}` comes from {home}, which is not taken: put it into the test's file."
    )
    return replace(case, ruling=replace(ruling, detail=detail))


def _gives(file: GeneratedFile, fixture: str, test: str) -> bool:
    path = PurePosixPath(file.path)
    return (
        path.name == "conftest.py"
        and PurePosixPath(test).is_relative_to(path.parent)
        and re.search(rf"\bdef\s+{fixture}\b|\bname\s*=\s*.{fixture}\b", file.content) is not None
    )
