"""Which mutants a test meets: a sample first, and where that leaves a doubt, all the others."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from spec_to_production.verification import trials
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.interpreter import Interpreters
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.noticing import is_real

_MOST_AROUND = 100
_MOST_ON_IMPORT, _PART = 300, 50


def sample(mutants: Sequence[Mutant], most: int, seed: int) -> list[Mutant]:
    """At most so many mutants, spread evenly over the functions, by a recorded seed."""
    chance = random.Random(seed)  # noqa: S311 - recorded, for replays
    places: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in mutants:
        places.setdefault((mutant.path, mutant.function), []).append(mutant)
    for group in places.values():
        chance.shuffle(group)
    chosen: list[Mutant] = []
    while len(chosen) < most and any(places.values()):
        for group in places.values():
            if group and len(chosen) < most:
                chosen.append(group.pop())
    return chosen


@dataclass(frozen=True)
class Selection:
    """All mutants of a component, and those of them that every test is run against.

    Attributes:
        mutants: All.
        sample: Those that every test meets.
        seed: Decides the order of the others.
    """

    mutants: Sequence[Mutant]
    sample: Sequence[Mutant]
    seed: int

    def left_by(self, doubtful: Sequence[Case]) -> list[Mutant]:
        """What tests reach and have not met; and of what only an import shows, some."""
        met = {case.id: set(trials.met_by(case, self.sample)) for case in doubtful}

        def is_new(case: Case, mutant: Mutant) -> bool:
            return bool(trials.met_by(case, [mutant])) and mutant not in met[case.id]

        rest = self._that_concern(doubtful, is_new)
        around = [one for one in self._beyond_sample() if one.needs_import]
        return [
            *sample(rest, len(rest), self.seed),
            *sample(around, _MOST_AROUND if doubtful else 0, self.seed),
        ]

    def run_on_import_by(self, doubtful: Sequence[Case]) -> list[list[Mutant]]:
        """What runs when the tests are imported, in parts: the next for what is still in doubt."""
        some = self._that_concern(doubtful, trials.runs_on_import)
        some = sample(some, _MOST_ON_IMPORT, self.seed)
        return [some[start : start + _PART] for start in range(0, len(some), _PART)]

    def not_met_by(self, case: Case) -> list[Mutant]:
        """What a test reaches, and of which it is not known whether the test kills it."""
        killed = {kill.mutant for kill in case.kills}
        return [
            one
            for one in self._beyond_sample()
            if one not in killed and not one.needs_import and trials.reaches(case, one)
        ]

    def _beyond_sample(self) -> list[Mutant]:
        tried = set(self.sample)
        return [one for one in self.mutants if one not in tried]

    def _that_concern(
        self, cases: Sequence[Case], concern: Callable[[Case, Mutant], bool]
    ) -> list[Mutant]:
        return [mutant for mutant in self.mutants if any(concern(case, mutant) for case in cases)]


def against_selection(
    pool: Interpreters,
    cases: Sequence[Case],
    selection: Selection,
    sources: trials.Sources,
    patience_s: float,
) -> list[Case]:
    """Against the sample; what that leaves in doubt, against all others too."""
    cases = trials.against_mutants(pool, cases, selection.sample, sources, patience_s)
    doubtful = _doubtful(cases)
    rest = selection.left_by(doubtful)
    cases = trials.merged(cases, trials.against_mutants(pool, doubtful, rest, sources, patience_s))
    for some in selection.run_on_import_by(_doubtful(cases)):
        if doubtful := _doubtful(cases):
            found = trials.against_imported_mutants(pool, doubtful, some, sources, patience_s)
            cases = trials.merged(cases, found)
    return cases


def _doubtful(cases: Iterable[Case]) -> list[Case]:
    return [case for case in cases if case.ruling is None and not is_real(case)]
