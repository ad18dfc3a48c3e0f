"""Why a test ended otherwise than before: by one of its circumstances, or by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from spec_to_production.verification.flakiness import Variation
from spec_to_production.verification.runs import Outcome

SEEN_AGAIN = 5
"""How often something has to be seen again before anything is blamed for it."""

_DAY_S = 86_400.0


def why_flaky(
    outcomes: Sequence[Outcome], variation: Variation, ends: Callable[[Variation], Outcome | None]
) -> str:
    """Say in words why the last of a test's runs ended otherwise than the first one.

    A circumstance is named only where the test ends so each time with it, and never without.

    Args:
        outcomes: Of all runs.
        variation: The circumstances of the last one.
        ends: Runs the test in such circumstances, alone.
    """
    first, last = outcomes[0], outcomes[-1]
    failed = first if last.passed else last
    usual = replace(variation, seed=0, environment={}, clock=0.0, elsewhere=False, used_tmp=False)
    again: list[Outcome | None] = []

    def each_time(some: Variation, *, passed: bool) -> bool:
        for _ in range(SEEN_AGAIN):
            again.append(ends(some))
            if again[-1] is None or again[-1].passed is not passed:
                return False
        return True

    if not (each_time(variation, passed=last.passed) and each_time(usual, passed=first.passed)):
        seen = [*outcomes, *filter(None, again)]
        count = sum(not outcome.passed for outcome in seen)
        return f"It failed in {count} of {len(seen)} runs, by chance: {failed.message}"
    without = {name: ends(other) for name, other in _without_one(variation)}
    needed = [name for name, end in without.items() if end and end.passed is first.passed]
    circumstances = ", ".join(needed or without)
    if last.passed:
        return f"It passes only with {circumstances}: {failed.message}"
    return f"It fails with {circumstances}: {failed.message}"


def _without_one(variation: Variation) -> Iterator[tuple[str, Variation]]:
    """Each circumstance by its name, with what is left of the others without it."""
    for name, value in variation.environment.items():
        rest = {key: other for key, other in variation.environment.items() if key != name}
        yield f"{name}={value}", replace(variation, environment=rest)
    if variation.clock:
        days = variation.clock / _DAY_S
        yield f"the clock {days:+.1f} days off", replace(variation, clock=0.0)
    if variation.elsewhere:
        yield "another working directory", replace(variation, elsewhere=False)
    if variation.used_tmp:
        yield "a TMPDIR that another run had before", replace(variation, used_tmp=False)
    yield "other random numbers", replace(variation, seed=0)
