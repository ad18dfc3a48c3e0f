"""The accepted tests beside the suite that was there: first, last and in between."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from spec_to_production.verification.evidence import Case, broke_off
from spec_to_production.verification.interpreter import Interpreters
from spec_to_production.verification.repetition import find_spoiler
from spec_to_production.verification.runs import Record, Run


@dataclass(frozen=True)
class Suite:
    """The tests that were there before, as they ran by themselves.

    ``steady`` are those that passed then and in the baseline; only they can be disturbed.
    """

    files: tuple[str, ...]
    record: Record
    steady: frozenset[str]

    @property
    def order(self) -> tuple[str, ...]:
        """All tests, in the order in which they ran."""
        return tuple(self.record.tests)


def run_suite(
    pool: Interpreters, files: Sequence[str], failing: Collection[str], patience_s: float
) -> Suite:
    """Run the existing tests by themselves and record what each of them reaches."""
    if not files:
        return Suite((), Record("finished"), frozenset())
    record = pool.run_all([Run(tuple(files), patience_s=patience_s, cover=True)])[0]
    passing = {name for name, outcome in record.tests.items() if outcome.passed}
    return Suite(tuple(files), record, frozenset(passing - set(failing)))


def run_together(
    pool: Interpreters, cases: Sequence[Case], suite: Suite, *, seed: int, patience_s: float
) -> list[Case]:
    """Run the cases with the suite in several arrangements; those that disturb it are closed."""
    return _Together(pool, {case.placed_id: case for case in cases}, suite, patience_s).run(seed)


@dataclass
class _Together:
    pool: Interpreters
    cases: dict[str, Case]
    suite: Suite
    patience_s: float

    def run(self, seed: int) -> list[Case]:
        waiting = list(_arrangements(tuple(self.cases), self.suite.order, seed))
        while waiting:
            orders = [self._still_open(order) for order in waiting]
            records = self.pool.run_all(self._of(order) for order in orders)
            waiting = [
                order
                for order, record in zip(orders, records, strict=True)
                if self._closes_one(order, record)
            ]
        return list(self.cases.values())

    def _still_open(self, order: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            name for name in order if name not in self.cases or self.cases[name].ruling is None
        )

    def _of(self, order: tuple[str, ...]) -> Run:
        files = [case.candidate.placed for name, case in self.cases.items() if name in order]
        return Run(
            tuple(dict.fromkeys([*self.suite.files, *files])), order, patience_s=self.patience_s
        )

    def _closes_one(self, order: Sequence[str], record: Record) -> bool:
        """Whether a case was found to disturb this run, and is closed now."""
        if any(name in self.cases and self.cases[name].ruling is not None for name in order):
            return True  # closed by the arrangement before this one
        if record.running in self.cases:
            case = self.cases[record.running]
            self.cases[record.running] = case.rejected(*broke_off(record))
            return True
        for position, name in enumerate(order):
            if (name in self.suite.steady or name in self.cases) and not _passed(record, name):
                culprit = self._culprit(order[:position], name)
                if culprit is not None:
                    victim = "it" if culprit == name else name
                    self.cases[culprit] = self.cases[culprit].rejected(
                        "order_dependent",
                        f"Beside the existing tests, {victim} {_ended(record, name)}",
                    )
                    return True
        return False

    def _culprit(self, before: Sequence[str], victim: str) -> str | None:
        """The case to blame when a test fails in this place; None when none is."""
        ours = [name for name in before if name in self.cases]
        spoiler = find_spoiler(ours, lambda some: self._fails(some, victim))
        if spoiler is None and victim in self.cases:
            existing = [name for name in before if name not in self.cases]
            return victim if self._fails(existing, victim) else None
        return spoiler

    def _fails(self, before: Sequence[str], victim: str) -> bool:
        record = self.pool.run_all([self._of((*before, victim))])[0]
        return victim in record.tests and not record.tests[victim].passed


def _arrangements(
    ours: tuple[str, ...], existing: tuple[str, ...], seed: int
) -> Iterator[tuple[str, ...]]:
    """Our tests last, first and in between; the existing ones keep their order, for whether
    they stand any other is not the question.
    """
    yield (*existing, *ours)
    if not existing:
        yield tuple(reversed(ours))
        return
    yield (*ours, *existing)
    yield mixed(ours, existing, seed)


def mixed(ours: tuple[str, ...], existing: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """Our tests in any order, in between the existing ones, which keep theirs."""
    chance = random.Random(seed)  # noqa: S311 - recorded, for replays
    order = list(existing)
    for name in chance.sample(ours, len(ours)):
        order.insert(chance.randint(0, len(order)), name)
    return tuple(order)


def _ended(record: Record, name: str) -> str:
    outcome = record.tests.get(name)
    return f"fails: {outcome.message}" if outcome else "does not come to run."


def _passed(record: Record, name: str) -> bool:
    outcome = record.tests.get(name)
    return outcome is not None and outcome.passed
