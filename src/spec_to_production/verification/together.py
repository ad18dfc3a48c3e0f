"""The accepted tests beside the suite that was there: first, last and in between."""

from __future__ import annotations

import functools
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from spec_to_production.results import Reason
from spec_to_production.verification.evidence import Case, broke_off
from spec_to_production.verification.interpreter import Interpreters
from spec_to_production.verification.repetition import find_spoiler
from spec_to_production.verification.runs import Outcome, Record, Run

_MOST_ENDED = 5


@dataclass(frozen=True)
class SuiteRun:
    """The tests that were there before, as they ran by themselves.

    Attributes:
        files: Where they stand.
        tests: How they ended, in the order in which they ran.
        steady: Those that passed then and in the baseline; only they can be disturbed.
        lost: Why some of them could not be run; empty when all were.
    """

    files: tuple[str, ...] = ()
    tests: Mapping[str, Outcome] = field(default_factory=dict)
    steady: frozenset[str] = frozenset()
    lost: str = ""

    @property
    def order(self) -> tuple[str, ...]:
        """All tests, in the order in which they ran."""
        return tuple(self.tests)


def run_existing(
    pool: Interpreters, files: Sequence[str], failing: Collection[str], patience_s: float
) -> SuiteRun:
    """Run the existing tests by themselves and record what each of them reaches.

    Where one of them ends the run, those after it are run without it.
    """
    if not files:
        return SuiteRun()
    run = Run(tuple(files), patience_s=patience_s, cover=True)
    (record,) = pool.run_all([run])
    collected = [item.id for item in record.items]
    tests, ended = dict(record.tests), list[str]()
    while record.running is not None and len(ended) < _MOST_ENDED:
        ended.append(record.running)
        rest = tuple(name for name in collected if name not in tests and name not in ended)
        (record,) = pool.run_all([replace(run, select=rest)])
        tests |= record.tests
    passing = {name for name, outcome in tests.items() if outcome.passed}
    steady = frozenset(passing - set(failing))
    return SuiteRun(run.files, tests, steady, _why_lost(ended, record, patience_s))


def _why_lost(ended: Sequence[str], record: Record, patience_s: float) -> str:
    if record.ending != "finished":
        return "the existing tests could not be run to their end"
    told = f"ended the run, or took more than {patience_s:.0f} s"
    return f"{', '.join(ended)} {told}" if ended else ""


def run_together(
    pool: Interpreters, cases: Sequence[Case], suite: SuiteRun, *, seed: int, patience_s: float
) -> list[Case]:
    """Run the cases with the suite in several arrangements; those that disturb it are closed."""
    return _Together(pool, {case.placed_id: case for case in cases}, suite, patience_s).run(seed)


@dataclass
class _Together:
    pool: Interpreters
    cases: dict[str, Case]
    suite: SuiteRun
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
        if self._closes_what_is_not_collected(record):
            return True
        for position, name in enumerate(order):
            if (name in self.suite.steady or name in self.cases) and not _passed(record, name):
                culprit = self._culprit(order[:position], name)
                if culprit is not None:
                    ruling = _against(culprit, name, record.tests.get(name))
                    self.cases[culprit] = self.cases[culprit].rejected(*ruling)
                    return True
        return False

    def _closes_what_is_not_collected(self, record: Record) -> bool:
        out = [
            (name, record.not_collected[case.candidate.placed])
            for name, case in self.cases.items()
            if case.ruling is None and case.candidate.placed in record.not_collected
        ]
        for name, told in out:
            self.cases[name] = self.cases[name].rejected(
                "import_error", f"Only beside the existing tests: {told}"
            )
        return bool(out)

    def _culprit(self, before: Sequence[str], victim: str) -> str | None:
        """The case to blame when a test fails in this place; None when none is."""
        ours = [name for name in before if name in self.cases]
        spoiler = find_spoiler(ours, functools.partial(self._is_spoiled, victim))
        if spoiler is None and victim in self.cases:
            existing = [name for name in before if name not in self.cases]
            outcome = self._after(existing, victim).tests.get(victim)
            return victim if outcome is not None and not outcome.passed else None
        return spoiler

    def _is_spoiled(self, victim: str, before: Sequence[str]) -> bool:
        """Whether a test fails after these, or never comes to run though nothing broke off."""
        record = self._after(before, victim)
        outcome = record.tests.get(victim)
        return record.ending == "finished" if outcome is None else not outcome.passed

    def _after(self, before: Sequence[str], victim: str) -> Record:
        return self.pool.run_all([self._of((*before, victim))])[0]


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


def _against(culprit: str, victim: str, outcome: Outcome | None) -> tuple[Reason, str]:
    """What a test is rejected for after which another one, or which itself, ended so."""
    if outcome is None:
        return "unsafe", "It keeps other tests from running."
    who = "it" if culprit == victim else victim
    return "order_dependent", f"Beside the existing tests, {who} fails: {outcome.message}"


def _passed(record: Record, name: str) -> bool:
    outcome = record.tests.get(name)
    return outcome is not None and outcome.passed
