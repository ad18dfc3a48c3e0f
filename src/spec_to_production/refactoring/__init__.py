"""Refactoring of the component, kept only where behaviour is shown to have stayed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spec_to_production.refactoring.deterministic import improve
from spec_to_production.refactoring.proof import Bench
from spec_to_production.results import Baseline, Component, GeneratedFile, Refactoring
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot, git

__all__ = ["recheck", "refactor"]


def refactor(
    component: Component, snapshot: Snapshot, baseline: Baseline, sandbox: Sandbox, work: Path
) -> Refactoring:
    """Refactor copies of the component and keep what its existing tests show to be safe.

    Only the component's modules may change. The patch applies to the checkout.

    Raises:
        SandboxError: A process could not be started.
        GitError: The patch could not be made.
    """
    bench = Bench(component, snapshot, sandbox, work)
    return improve(bench, bench.observe({}, baseline.tests))


def recheck(  # noqa: PLR0917 - collaborators are passed in as arguments
    refactoring: Refactoring,
    component: Component,
    snapshot: Snapshot,
    sandbox: Sandbox,
    work: Path,
    accepted: Sequence[GeneratedFile],
) -> Refactoring:
    """Test a refactoring again, with the existing and the accepted tests together.

    Where one of them ends otherwise than on the untouched code, the steps are taken again
    under all of these tests, so that only the steps that are responsible are dropped. They are
    taken again, too, where the accepted tests are the first that the component has.

    Raises:
        SandboxError: A process could not be started.
        GitError: The patch does not apply to the snapshot.
    """
    if not refactoring.patch or not accepted:
        return refactoring
    bench = Bench(component, snapshot, sandbox, work, tests=accepted)
    seen = bench.observe({})
    if unusable := [
        f"{test} {outcome}"
        for test, outcome in seen.outcomes.items()
        if test.partition("::")[0] in {file.path for file in accepted} and outcome != "passed"
    ]:
        detail = f"It could not be tested again, for on the untouched code: {'; '.join(unusable)}."
        return Refactoring(status="dropped", detail=detail, steps=refactoring.steps)
    if not component.test_files:
        return improve(bench, seen)
    with bench.copy({}) as copy:
        git("apply", "-", cwd=copy, stdin=refactoring.patch)
        refactored = bench.sources(copy)
    if seen.worsening(bench.observe(refactored)):
        return improve(bench, seen)
    detail = f"{refactoring.detail} Tested again with {len(accepted)} files of accepted tests."
    return refactoring.model_copy(update={"detail": detail})
