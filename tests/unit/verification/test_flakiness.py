"""How many repeats a bound takes, and what they vary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.verification.flakiness import (
    MISSED,
    repeats,
    runs_an_interpreter,
    variations,
)
from spec_to_production.verification.repetition import find_spoiler


def test_one_in_ten_takes_sixty_six_runs():
    assert repeats(0.1) == 66


@given(st.floats(0.005, 0.99))
def test_repeats_keep_the_bound_and_no_more(bound):
    count = repeats(bound)
    assert (1 - bound) ** count <= MISSED * (1 + 1e-9)
    assert count == 1 or (1 - bound) ** (count - 1) > MISSED * (1 - 1e-9)


def test_repeats_vary_everything_by_a_seed():
    some = list(variations(("a", "b", "c"), 66, 7, 1.8e9, ("C", "de_DE.utf8")))
    assert some == list(variations(("a", "b", "c"), 66, 7, 1.8e9, ("C", "de_DE.utf8")))
    assert some[0].order == ("a", "b", "c")
    assert some[1].order == ("c", "b", "a")
    assert {tuple(sorted(one.order)) for one in some} == {("a", "b", "c")}
    assert len({one.environment["PYTHONHASHSEED"] for one in some}) == 66
    assert len({one.environment.get("TZ") for one in some}) > 3
    assert {one.environment.get("LC_ALL") for one in some} == {None, "C", "de_DE.utf8"}
    assert any(one.elsewhere for one in some)
    assert any(one.clock > 0 for one in some)
    assert any(one.clock == 0 for one in some)


def test_runs_that_share_an_interpreter_share_what_holds_for_it():
    some = list(variations(("a", "b"), 66, 7, 1.8e9, ("C",), an_interpreter=3))
    environments = [one.environment for one in some]
    assert len({one["PYTHONHASHSEED"] for one in environments}) == 22
    assert environments[0] == environments[2] != environments[3]
    assert len({one.seed for one in some}) == 66
    assert any(one.clock > 0 for one in some[:3])


@pytest.mark.parametrize(
    ("source", "together"),
    [
        ("def f(x):\n    return {x: 1}\n", 6),
        ("def f(x):\n    return {x, 1}\n", 1),
        ("def f(xs):\n    return {x for x in xs}\n", 1),
        ("def f(xs):\n    return sorted(set(xs))\n", 1),
        ("def f(x):\n    return hash(x) % 7\n", 1),
    ],
)
def test_where_the_hash_seed_can_be_seen_every_run_has_its_own(source, together):
    assert runs_an_interpreter(["x = 1\n", source]) == together


@given(st.lists(st.integers(), unique=True, min_size=1), st.data())
def test_the_one_spoiler_is_found(before, data):
    names = [str(number) for number in before]
    spoiler = data.draw(st.sampled_from(names))
    asked = []

    def spoils(some):
        asked.append(some)
        return spoiler in some

    assert find_spoiler(names, spoils) == spoiler
    assert len(asked) <= 2 + len(names).bit_length() + 2 * 5


def test_nobody_is_blamed_for_chance():
    assert find_spoiler(["a", "b"], lambda _: False) is None
    assert find_spoiler([], lambda _: True) is None


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True), st.randoms())
def test_hardly_ever_is_anybody_blamed_for_what_a_coin_decides(names, coin):
    blamed = [find_spoiler(names, lambda _: coin.random() < 0.5) for _ in range(20)]
    assert sum(name is not None for name in blamed) <= 2
