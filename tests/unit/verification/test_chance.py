"""A circumstance is to blame where it makes a test fail each time, and chance where none does."""

from __future__ import annotations

import itertools

import pytest

from spec_to_production.verification.chance import why_flaky
from spec_to_production.verification.flakiness import Variation
from spec_to_production.verification.runs import Outcome

PASSED = Outcome("test_a", "passed", 1.0)
FAILED = Outcome("test_a", "failed", 1.0, message="assert 1 == 2")
EVERYTHING = Variation(
    order=("test_a",),
    seed=7,
    environment={"PYTHONHASHSEED": "5", "TZ": "Asia/Kathmandu"},
    clock=129_600.0,
    elsewhere=True,
    used_tmp=True,
)


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        (lambda one: one.environment.get("TZ"), "TZ=Asia/Kathmandu"),
        (lambda one: one.environment.get("PYTHONHASHSEED"), "PYTHONHASHSEED=5"),
        (lambda one: one.clock, "the clock +1.5 days off"),
        (lambda one: one.elsewhere, "another working directory"),
        (lambda one: one.used_tmp, "a TMPDIR that another run had before"),
        (lambda one: one.seed, "other random numbers"),
        (
            lambda one: one.clock and one.environment.get("TZ"),
            "TZ=Asia/Kathmandu, the clock +1.5 days off",
        ),
    ],
)
def test_what_makes_it_fail_each_time_is_named_and_nothing_else(fails, told):
    found = why_flaky(
        [PASSED, PASSED, FAILED], EVERYTHING, lambda one: FAILED if fails(one) else PASSED
    )
    assert found == f"It fails with {told}: assert 1 == 2"


def test_what_it_needs_to_pass_is_named():
    found = why_flaky([FAILED, PASSED], EVERYTHING, lambda one: PASSED if one.elsewhere else FAILED)
    assert found == "It passes only with another working directory: assert 1 == 2"


@pytest.mark.parametrize(
    ("ends", "count"), [([FAILED, PASSED], "2 of 4"), ([None], "1 of 2"), ([PASSED], "1 of 3")]
)
def test_what_is_not_seen_again_in_the_same_circumstances_is_chance(ends, count):
    again = itertools.chain(ends, itertools.repeat(PASSED))
    found = why_flaky([PASSED, FAILED], EVERYTHING, lambda _: next(again))
    assert found == f"It failed in {count} runs, by chance: assert 1 == 2"


def test_what_fails_without_any_circumstance_is_chance():
    found = why_flaky([PASSED, FAILED], EVERYTHING, lambda _: FAILED)
    assert found == "It failed in 7 of 8 runs, by chance: assert 1 == 2"
