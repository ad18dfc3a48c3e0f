"""Quality gates: whether what the run proposes is good enough for the target."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

from spec_to_production.errors import SpecToProductionError
from spec_to_production.gates import measured, tools
from spec_to_production.gates.proposal import Proposal
from spec_to_production.results import (
    Baseline,
    Component,
    Gate,
    Refactoring,
    Spec,
    Target,
    Verification,
)
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot

__all__ = ["evaluate"]

_SIDE_BY_SIDE = 2  # of those that run a tool: the suite beside the type checker
_GATES: dict[str, Callable[[Proposal], Gate]] = {
    "test_coverage": measured.test_coverage,
    "mutation_score": measured.mutation_score,
    "requirements": measured.requirements,
    "test_pass_rate": measured.test_pass_rate,
    "disputes": measured.disputes,
    "linting": tools.linting,
    "type_checking": tools.type_checking,
    "security": tools.security,
}


def evaluate(
    target: Target,
    *,
    spec: Spec,
    component: Component,
    snapshot: Snapshot,
    sandbox: Sandbox,
    work: Path,
    baseline: Baseline | None,
    verification: Verification | None,
    refactoring: Refactoring | None,
    coverage_threshold: float | None = None,
) -> tuple[Gate, ...]:
    """Every gate on the base with the kept refactoring and the accepted tests.

    A gate that could not run is ``error`` and says why; one that the target or the project
    does not ask is ``skipped`` and says so.

    Args:
        target: Decides the thresholds.
        spec: May raise the coverage to reach.
        component: What is judged.
        snapshot: The base.
        sandbox: Where tools and tests run.
        work: A folder for copies.
        baseline: The component's own tests, as measured in this run.
        verification: The verdicts of this run, with the accepted tests.
        refactoring: What was kept of it is part of the proposal.
        coverage_threshold: Percent; stands in place of the target's and the spec's.
    """
    proposal = Proposal(
        target=target,
        spec=spec,
        component=component,
        snapshot=snapshot,
        sandbox=sandbox,
        work=work,
        baseline=baseline,
        verification=verification,
        refactoring=refactoring,
        coverage_threshold=coverage_threshold,
    )
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return tuple(pool.map(_judge, _GATES, _GATES.values(), repeat(proposal)))


def _judge(name: str, gate: Callable[[Proposal], Gate], proposal: Proposal) -> Gate:
    try:
        return gate(proposal)
    except SpecToProductionError as error:
        return Gate(name=name, status="error", detail=str(error))
