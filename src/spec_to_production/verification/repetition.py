"""Repeats of a group of tests in changing circumstances, and who is to blame when one fails."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spec_to_production.verification.chance import SEEN_AGAIN, why_flaky
from spec_to_production.verification.evidence import MISSING, Case, after_repeats, broke_off
from spec_to_production.verification.flakiness import Variation
from spec_to_production.verification.interpreter import Fork, Interpreters
from spec_to_production.verification.runs import ForkRun, Outcome, Record, Run

_MOST_SPOILERS = 3
"""Most tests that are to blame for one other; what more than these spoil cannot stand anything."""

_SHARED = "shared"


@dataclass
class Repetition:
    """A group of tests that are repeated together.

    One run holds the whole group, so the cost grows with the tests' own time. A test that
    fails in the group is run alone in the same circumstances: when it fails there too, it is
    flaky; when it passes, the run is repeated, and the test that makes it fail is searched for.
    """

    pool: Interpreters
    cases: dict[str, Case]
    patience_s: float
    clock_shifted: bool = False
    complete: bool = True
    _due: int = 0

    def run_twice(self) -> None:
        """Run each passing test again where it has just run: one that fails then spoils itself.

        It finds new fixtures and an empty TMPDIR. Rows are left out: their parameters are made
        once, and may be used up.
        """
        chosen = [case for case in self.cases.values() if case.passes and "[" not in case.id]
        files = tuple(dict.fromkeys(case.candidate.placed for case in chosen))
        found = self.pool.in_sessions(Run(files), chosen, self._after_itself)
        self.complete &= None not in found
        self.cases.update((case.id, case) for case in found if case is not None)

    def _after_itself(self, fork: Fork, case: Case) -> Case:
        def fails(before: Sequence[str]) -> bool:
            twice = ForkRun((*before, case.placed_id), self.patience_s)
            outcome = fork(twice).tests.get(case.placed_id)
            return outcome is not None and not outcome.passed

        if find_spoiler([case.placed_id], fails) is None:
            return case
        return case.rejected(
            "order_dependent", "It fails when it is run a second time in one process."
        )

    def run(self, variations: Sequence[Variation]) -> None:
        """Run all variations; tests whose verdict gets certain leave the group.

        A run that broke off for no test's sake is made once more.
        """
        self._due = 1 + len(variations)

        def perform(some: Sequence[Variation], runs: Sequence[Run]) -> list[Record]:
            environments = [one.environment for one in some]
            return self.pool.run_fresh(zip(runs, environments, strict=True))

        at_once = self.pool.workers * 6
        self._repeat(self._repeat(variations, perform, at_once), perform, at_once)

    def run_more(self, variations: Sequence[Variation]) -> None:
        """Run variations that differ in order and seed only, from one import of everything."""

        def one(fork: Fork, run: Run) -> Record:
            return fork(ForkRun(run.select or (), self.patience_s, seed=run.seed))

        def perform(_: Sequence[Variation], runs: Sequence[Run]) -> list[Record | None]:
            return self.pool.in_sessions(runs[0], runs, one)

        self.complete &= not self._repeat(variations, perform, len(variations))

    def close(self, known: str) -> None:
        """Close what failed, now that all its repeats are known, or was not repeated enough.

        Args:
            known: The requirements that a test may name, for people.
        """
        for identity, case in self.cases.items():
            if case.ruling is None and len(case.outcomes) < self._due:
                self.complete = False
                self.cases[identity] = case.unjudged("some of its repeats broke off.")
            elif case.ruling is None:
                self.cases[identity] = after_repeats(case, known)
        self._find_who_leans_on_rejected()

    def _find_who_leans_on_rejected(self) -> None:
        """What passes in its file as it is written accuses nobody, whatever it does without.

        A test that it leans on may have left the group at once, and never have run before it.
        """
        files: dict[str, list[Case]] = {}
        for case in self.cases.values():
            files.setdefault(case.candidate.placed, []).append(case)
        for path, cases in files.items():
            accusing = [case for case in cases if case.is_("disputed")]
            if not accusing or not any(_is_out_of_order(case) for case in cases):
                continue
            order = tuple(c.placed_id for c in cases if c in accusing or _is_out_of_order(c))
            record = self.pool.run_all([Run((path,), order, patience_s=self.patience_s)])[0]
            self.cases.update((case.id, _after_others(case, record)) for case in accusing)

    def _repeat(
        self,
        variations: Sequence[Variation],
        perform: Callable[[Sequence[Variation], Sequence[Run]], Sequence[Record | None]],
        at_once: int,
    ) -> list[Variation]:
        """So many runs at once; those after one that a test disturbed are made again without it.

        What it returns are the variations in which not all tests of the group ran.
        """
        waiting, broken_off = list(variations), list[Variation]()
        while waiting:
            some = waiting[:at_once]
            orders = [self._order(one) for one in some]
            if not all(orders):
                return []
            records = perform(some, [self._of(*pair) for pair in zip(orders, some, strict=True)])
            known = 0
            for variation, order, record in zip(some, orders, records, strict=True):
                if record is not None:
                    self.clock_shifted |= record.clock_shifted
                    if not self._is_clean(order, variation, record):
                        break
                    self._note(variation, record)
                if record is None or len(record.tests) < len(order):
                    broken_off.append(variation)
                known += 1
            waiting = waiting[known:]
        return broken_off

    def _order(self, variation: Variation) -> list[str]:
        return [identity for identity in variation.order if self.cases[identity].ruling is None]

    def _of(self, order: Sequence[str], variation: Variation) -> Run:
        cases = [self.cases[identity] for identity in order]
        return Run(
            tuple(dict.fromkeys(case.candidate.placed for case in cases)),
            select=tuple(case.placed_id for case in cases),
            patience_s=self.patience_s,
            seed=variation.seed,
            clock=variation.clock,
            elsewhere=variation.elsewhere,
            shared_tmp=_SHARED if variation.used_tmp else "",
        )

    def _note(self, variation: Variation, record: Record) -> None:
        for identity in self._order(variation):
            outcome = record.tests.get(self.cases[identity].placed_id)
            if outcome is not None:
                self.cases[identity] = self._judged(self.cases[identity].seen(outcome), variation)

    def _is_clean(self, order: Sequence[str], variation: Variation, record: Record) -> bool:
        """Whether no test of this run disturbed others; one that did is closed."""
        if any(_disturbs(self.cases[identity]) for identity in order):
            return False
        breaker = self._who_broke(order, variation, record)
        culprits = [breaker] if breaker else self._who_spoiled(order, variation, record)
        self.cases.update((culprit.id, culprit) for culprit in culprits)
        return not culprits

    def _who_broke(self, order: Sequence[str], variation: Variation, record: Record) -> Case | None:
        """The test that this run, or a part of it, did not survive."""
        for case in (self.cases[identity] for identity in order):
            if record.running == case.placed_id:
                return case.rejected(*broke_off(record))
            if case.candidate.placed in record.not_collected:
                told = record.not_collected[case.candidate.placed]
                return case.rejected("import_error", f"Only beside other tests: {told}")
        return self._who_kept_others_out(order, variation, record)

    def _who_kept_others_out(
        self, order: Sequence[str], variation: Variation, record: Record
    ) -> Case | None:
        """The test after which none came any more; or one that is not there in every run."""
        ran = [identity for identity in order if self.cases[identity].placed_id in record.tests]
        missing = [identity for identity in order if identity not in ran]
        # One of each file: where its import fails, all its tests are missing.
        for identity in {
            self.cases[one].candidate.placed: one for one in reversed(missing)
        }.values():
            if self._outcome(identity, variation, ()) is None:
                return self.cases[identity].rejected("not_collected", MISSING)
        if ran and missing and self._outcome(missing[0], variation, ran[-1:]) is None:
            return self.cases[ran[-1]].rejected("unsafe", "It keeps other tests from running.")
        return None

    def _who_spoiled(
        self, order: Sequence[str], variation: Variation, record: Record
    ) -> list[Case]:
        """The tests that make another one fail which passes alone in the same circumstances."""
        for position, identity in enumerate(order):
            case = self.cases[identity]
            outcome = record.tests.get(case.placed_id)
            if outcome is None or outcome.passed or not case.passes:
                continue
            if not self._passes(identity, variation, ()):
                continue  # flaky: it needs nobody else to fail
            spoiler = find_spoiler(
                order[:position],
                functools.partial(self._fails, identity, variation),
            )
            if spoiler is not None:
                return self._to_blame(case, spoiler, order, variation)
        return []

    def _to_blame(
        self, victim: Case, spoiler: str, order: Sequence[str], variation: Variation
    ) -> list[Case]:
        """The tests that spoil another one; or that one, when more than a few spoil it."""
        spoilers = [spoiler]
        others = [identity for identity in order if identity not in (victim.id, spoiler)]
        fails = functools.partial(self._fails, victim.id, variation)
        while len(spoilers) <= _MOST_SPOILERS and (another := find_spoiler(others, fails)):
            spoilers.append(another)
            others.remove(another)
        if len(spoilers) > _MOST_SPOILERS:
            told = f"It fails after {spoiler}, and after other tests as well."
            return [victim.rejected("order_dependent", told)]
        told = f"After it, {victim.id} fails."
        return [self.cases[one].rejected("order_dependent", told) for one in spoilers]

    def _judged(self, case: Case, variation: Variation) -> Case:
        last, first = case.outcomes[-1], case.outcomes[0]
        if last.passed == first.passed:
            return case
        helper = self._helper(case, variation) if last.passed else None
        if helper is None:
            ends = functools.partial(self._outcome, case.id, before=())
            return case.rejected("flaky", why_flaky(case.outcomes, variation, ends))
        self._blame_helper(case, helper, variation)
        return case.rejected("order_dependent", _only_after_others(case))

    def _helper(self, case: Case, variation: Variation) -> str | None:
        """The test after which this one passes; none when it does so by chance, or alone."""
        order = self._order(variation)
        before = order[: order.index(case.id)]
        return find_spoiler(before, functools.partial(self._passes, case.id, variation))

    def _blame_helper(self, case: Case, helper: str, variation: Variation) -> None:
        """Close the test that this one leans on, if it cannot stand what either of them leaves."""
        if self.cases[helper].passes and any(
            self._fails(helper, variation, (before,)) for before in (helper, case.id)
        ):
            self.cases[helper] = self.cases[helper].rejected(
                "order_dependent", "It leaves something changed and fails where it finds it so."
            )

    def _fails(self, victim: str, variation: Variation, before: Sequence[str]) -> bool:
        """Whether it was seen to fail: a run that broke off says nothing about it."""
        outcome = self._outcome(victim, variation, before)
        return outcome is not None and not outcome.passed

    def _passes(self, victim: str, variation: Variation, before: Sequence[str]) -> bool:
        outcome = self._outcome(victim, variation, before)
        return outcome is not None and outcome.passed

    def _outcome(self, victim: str, variation: Variation, before: Sequence[str]) -> Outcome | None:
        run = self._of((*before, victim), variation)
        record = self.pool.run_under(variation.environment, run)
        return record.tests.get(self.cases[victim].placed_id)


def find_spoiler(before: Sequence[str], spoils: Callable[[Sequence[str]], bool]) -> str | None:
    """The last test that has to come before for a victim to change; None when it does by chance.

    ``spoils`` says whether the victim changes after these tests, in this order. Nobody is blamed
    for what is not seen again: that it changes with the test, each time, and never without.
    """
    if not before or not spoils(before):
        return None
    low, high = 0, len(before)  # it changes after before[:high], not after before[:low]
    while high - low > 1:
        middle = (low + high) // 2
        if spoils(before[:middle]):
            high = middle
        else:
            low = middle
    again = range(SEEN_AGAIN)
    found = all(spoils(before[:high]) and not spoils(before[: high - 1]) for _ in again)
    return before[high - 1] if found else None


def _is_out_of_order(case: Case) -> bool:
    return case.ruling is not None and case.ruling.reason == "order_dependent"


def _after_others(case: Case, record: Record) -> Case:
    """The case as it is, unless it passed in this run after others."""
    outcome = record.tests.get(case.placed_id)
    if outcome is None or not outcome.passed:
        return case
    return case.rejected("order_dependent", _only_after_others(case))


def _only_after_others(case: Case) -> str:
    return f"It passes only after other tests; alone: {case.outcomes[0].message}"


def _disturbs(case: Case) -> bool:
    return case.ruling is not None and case.ruling.reason != "flaky"
