"""What each target asks: the one table of thresholds."""

from __future__ import annotations

from dataclasses import dataclass

from spec_to_production.results import Target


@dataclass(frozen=True)
class Thresholds:
    """Least percentages, and most disputes; ``None`` is not asked."""

    coverage: float
    mutation_score: float
    requirements: float
    test_pass_rate: float = 100
    disputes: int | None = 0


THRESHOLDS: dict[Target, Thresholds] = {
    "dev": Thresholds(coverage=70, mutation_score=75, requirements=80, disputes=None),
    "staging": Thresholds(coverage=80, mutation_score=80, requirements=95),
    "production": Thresholds(coverage=85, mutation_score=85, requirements=100),
}


def coverage_asked(target: Target, spec: float | None, setting: float | None) -> float:
    """The coverage to reach: the setting where it is given, else the target's, which the spec
    may raise but not lower.
    """
    if setting is not None:
        return setting
    return max(THRESHOLDS[target].coverage, spec or 0)
