"""How the component's own tests stand before anything is changed."""

from __future__ import annotations

from pathlib import Path

from spec_to_production.components.suite import run_suite
from spec_to_production.results import Baseline, Component
from spec_to_production.sandbox import Limits, Sandbox
from spec_to_production.snapshot import Snapshot

_LIMITS = Limits(wall_s=600)


def run_baseline(
    component: Component,
    snapshot: Snapshot,
    sandbox: Sandbox,
    work: Path,
    *,
    limits: Limits = _LIMITS,
) -> Baseline:
    """Run the component's existing tests, in a private copy, and measure what they cover.

    Args:
        component: Its ``test_files`` are run.
        snapshot: The untouched base.
        sandbox: Where the tests run.
        work: A folder of the baseline's own, for the copy.
        limits: Bounds of the whole run.

    Raises:
        SandboxError: The process could not be started.
    """
    suite = run_suite(
        component.test_files,
        snapshot.copy(work / "repository"),
        sandbox,
        import_root=component.import_root,
        options=component.pytest_options,
        measure=component,
        limits=limits,
    )
    return Baseline(**dict(suite))
