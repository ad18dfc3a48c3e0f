"""The field's usual filter, for comparison: keep a test that passes once and raises coverage."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from corpus import Candidate, Component

from spec_to_production.sandbox import Limits, Sandbox

LIMITS = Limits(wall_s=20, memory_mb=2048)


def kept(component: Component, work: Path) -> frozenset[Candidate]:
    """The candidates that the filter keeps, in the corpus's order, each adding to the last."""
    sandbox = Sandbox.prepare(work / "sandbox")
    sandbox.admit(work)
    known = _covered(sandbox, component, (), work / "base")
    found = set()
    for number, candidate in enumerate(component.candidates):
        lines = _covered(sandbox, component, (candidate,), work / str(number))
        if lines - known:
            known |= lines
            found.add(candidate)
    return frozenset(found)


def _covered(
    sandbox: Sandbox, component: Component, candidates: Sequence[Candidate], folder: Path
) -> frozenset[tuple[str, int]]:
    """Lines that one run covers: of the candidate, or of the existing suite without any.

    Nothing when the candidate does not pass.
    """
    component.checkout(folder)
    (folder / component.tests_dir).mkdir(parents=True, exist_ok=True)
    tests = [str(component.tests_dir)]
    for candidate in candidates:
        shutil.copy(component.folder / "candidates" / candidate.file, folder / component.tests_dir)
        tests = [f"{component.tests_dir}/{candidate.id}"]
    sandbox.hand_over(folder)
    measured = [str(sandbox.python), "-m", "coverage"]
    run = [*measured, "run", "--source=src", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = sandbox.run([*run, *tests], cwd=folder, limits=LIMITS)
    sandbox.run([*measured, "json", "-q", "-o", "lines.json"], cwd=folder, limits=LIMITS)
    report = folder / "lines.json"
    passed = done.returncode == 0 or not candidates
    if not passed or done.timed_out or not report.exists():
        return frozenset()
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    return frozenset(
        (path, line) for path, about in files.items() for line in about["executed_lines"]
    )
