"""The corpus as the product judges it: the command, as a user would type it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus import Candidate, Component

COMMAND = Path(sys.executable).with_name("spec-to-production")


@dataclass(frozen=True)
class Judgement:
    """What one run of ``verify`` said; ``None`` in ``report`` when it broke."""

    seconds: float
    report: Mapping[str, Any] | None
    output: str
    verdicts: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    """Verdict and reason by pytest id."""


def git_checkout(folder: Path) -> Path:
    """Make a folder a repository with one commit."""
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
    for command in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "-qm", "base"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def verify(checkout: Path, component: Path, tests: Path, limit_s: float = 1800) -> Judgement:
    """Run ``spec-to-production verify`` in a checkout."""
    report = checkout.parent / "verdicts.json"
    command = [
        *(str(COMMAND), "verify", "--spec", "spec.md", "--component", str(component)),
        *("--tests", str(tests), "--output", str(report), "--fail-on", "never"),
    ]
    started = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=checkout, capture_output=True, text=True, timeout=limit_s, check=False
        )
        output = done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        output = f"stopped after {limit_s:.0f} s"
    seconds = time.monotonic() - started
    if not report.exists():
        return Judgement(seconds, None, output)
    found = json.loads(report.read_text(encoding="utf-8"))
    verdicts = {test["id"]: (test["verdict"], test["reason"]) for test in found["tests"]}
    return Judgement(seconds, found, output, verdicts)


def judge(component: Component, work: Path) -> Judgement:
    """Judge all candidates of a component in one run."""
    checkout = git_checkout(component.checkout(work / component.name))
    tests = work / "candidates"
    shutil.copytree(
        component.folder / "candidates", tests, ignore=shutil.ignore_patterns("__pycache__")
    )
    return verify(checkout, component.source, tests)


def by_candidate(component: Component, judgement: Judgement) -> dict[Candidate, str]:
    """One verdict for every labelled candidate: ``accepted``, ``disputed``, a reason, ``none``.

    Of a function with several cases the worst counts: the one that was lost of a good test,
    the one that got through of any other.
    """
    found: dict[Candidate, list[str]] = {each: [] for each in component.candidates}
    for test, (verdict, reason) in judgement.verdicts.items():
        candidate = candidate_of(component, test)
        if candidate is not None:
            found[candidate].append(reason or verdict)
    return {candidate: _worst(candidate, words) for candidate, words in found.items()}


def unlabelled(component: Component, judgement: Judgement) -> Sequence[str]:
    """Tests with a verdict and without a label: a mistake of the corpus."""
    return [test for test in judgement.verdicts if candidate_of(component, test) is None]


def candidate_of(component: Component, test: str) -> Candidate | None:
    """The candidate that a pytest id, or one of its cases, is of."""
    file, colons, rest = test.partition("::")
    return component.candidate(Path(file).name + colons + rest)


def _worst(candidate: Candidate, words: Sequence[str]) -> str:
    wanted = {"good": "accepted", "bug_revealing": "disputed"}.get(candidate.label)
    if wanted is not None:
        return next((word for word in words if word != wanted), wanted if words else "none")
    return next((word for word in words if word == "accepted"), words[0] if words else "none")
