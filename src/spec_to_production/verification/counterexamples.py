"""Counterexamples of property tests, searched for beyond the examples that every run tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spec_to_production.verification.chance import SEEN_AGAIN
from spec_to_production.verification.evidence import Case, after_repeats
from spec_to_production.verification.interpreter import Fork, Interpreters
from spec_to_production.verification.runs import ForkRun, Outcome, Run


def searched(
    pool: Interpreters, cases: Sequence[Case], searches: int, patience_s: float, known: str
) -> list[Case]:
    """The cases; a property test that one of so many searches makes fail is closed as failing.

    In all other runs Hypothesis tries the same examples, so that chance plays no part. Every
    search tries others, and one that finds a counterexample finds it again, always: that is the
    test's word, not chance.

    Args:
        pool: Where they run.
        cases: Those with a ruling, and those that try no examples, are left alone.
        searches: How many sets of examples each of them tries.
        patience_s: Seconds that one search may take.
        known: The requirements that a test may name, for people.
    """
    wanted = [case for case in cases if case.by_examples and case.passes and case.ruling is None]
    files = tuple(dict.fromkeys(case.candidate.placed for case in wanted))

    def one(fork: Fork, case: Case) -> Case:
        for number in range(1, searches + 1):
            found = _found(fork, case, number, patience_s)
            if found:
                return after_repeats(replace(case, outcomes=found), known)
        return case

    done = pool.in_sessions(Run(files), wanted, one)
    by_id = {case.id: case for case in done if case is not None}
    return [by_id.get(case.id, case) for case in cases]


def _found(fork: Fork, case: Case, number: int, patience_s: float) -> tuple[Outcome, ...]:
    """How the test ended with these examples each time; nothing unless it always failed."""
    outcomes: list[Outcome] = []
    search = ForkRun((case.placed_id,), patience_s, examples=number)
    while len(outcomes) <= SEEN_AGAIN:
        outcome = fork(search).tests.get(case.placed_id)
        if outcome is None or outcome.passed:
            return ()
        outcomes.append(replace(outcome, reached=case.outcomes[0].reached))
    return tuple(outcomes)
