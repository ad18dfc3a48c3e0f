"""The mutants that the existing tests let live: found out once for each, as far as one asks."""

from __future__ import annotations

from collections.abc import Sequence

from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.interpreter import Interpreters
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.together import SuiteRun
from spec_to_production.verification.trials import Sources, against_mutants, reaches

_BUDGET_S = 30.0
_SIZES = (300, 150, 75, 40, 20, 10)
_LEAST = 20


class Survivors:
    """Which mutants live though the existing tests run.

    Args:
        pool: Where tests run.
        suite: The existing tests.
        sources: The component's modules, by path.
        patience_s: Seconds that one test may take.
    """

    def __init__(
        self, pool: Interpreters, suite: SuiteRun, sources: Sources, patience_s: float
    ) -> None:
        self._pool, self._sources, self._patience_s = pool, sources, patience_s
        self._existing = _as_cases(suite)
        self._killed: dict[Mutant, bool] = {}
        self.all_found = True
        """Whether every mutant that was asked for could be run against the existing tests."""

    @property
    def killed(self) -> frozenset[Mutant]:
        """Those that do not live, of all that one has asked for."""
        return frozenset(mutant for mutant, killed in self._killed.items() if killed)

    def compared(self, mutants: Sequence[Mutant]) -> list[Mutant]:
        """Those that count, as many as can be run against the existing tests in a bounded time."""
        some = affordable(scored(mutants), self._existing)
        return some if self._find_out(some) else []

    def include_one_of(self, mutants: Sequence[Mutant]) -> bool:
        """Whether one of the mutants lives, or it could not be found out."""
        unknown = [one for one in mutants if one not in self._killed]
        some = affordable(unknown, self._existing) or unknown[:_LEAST]
        return not self._find_out(some) or not all(self._killed.get(one, True) for one in mutants)

    def _find_out(self, mutants: Sequence[Mutant]) -> bool:
        after = against_mutants(
            self._pool,
            self._existing,
            mutants,
            self._sources,
            self._patience_s,
            stop_at_first=True,
        )
        if any(case.is_unjudged for case in after):
            self.all_found = False
            return False
        killed = {kill.mutant for case in after for kill in case.kills}
        self._killed |= {mutant: mutant in killed for mutant in mutants}
        return True


def scored(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Those that make the score: what few tests have to notice is not among them."""
    return [mutant for mutant in mutants if not mutant.unscored]


def affordable(mutants: Sequence[Mutant], existing: Sequence[Case]) -> list[Mutant]:
    """As many mutants as the existing tests can be run against in a bounded time."""
    for size in _SIZES:
        some = list(mutants[:size])
        if sum(_worst_ms(mutant, existing) for mutant in some) <= _BUDGET_S * 1000:
            return some
    return []


def _worst_ms(mutant: Mutant, existing: Sequence[Case]) -> float:
    return sum(case.duration_ms or 0.0 for case in existing if reaches(case, mutant))


def _as_cases(suite: SuiteRun) -> list[Case]:
    """The existing tests that pass, fastest first, as what mutants are run against."""
    passing = [one for name, one in suite.tests.items() if name in suite.steady]
    return [
        Case(outcome.id, outcome.id, Candidate(path, path, ""), None, outcomes=(outcome,))
        for outcome in sorted(passing, key=lambda outcome: outcome.duration_ms)
        for path in [outcome.id.partition("::")[0]]
    ]
