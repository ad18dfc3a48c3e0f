"""How often a test is repeated, and under which circumstances."""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from spec_to_production import syntax

MISSED = 0.001
"""Most probability that a test which fails at the bound's rate passes all repeats."""

_DAY_S = 86_400.0
_RUNS_AN_INTERPRETER = 6
_SEES_HASHES = frozenset({"set", "frozenset", "hash", "id"})
_ZONES = ("UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago")


def repeats(flake_bound: float) -> int:
    """The fewest runs in which a test that fails at this rate fails once, with 99.9 %.

    A test that fails independently with the rate p passes n runs with the probability
    (1 - p) ** n: 66 runs catch one in ten, 6 runs catch one that fails two times of three.
    """
    return math.ceil(math.log(MISSED) / math.log(1 - flake_bound))


@dataclass(frozen=True)
class Variation:
    """The circumstances of one repeat: none of them may change a real test's outcome.

    ``used_tmp``: it shares its TMPDIR with another repeat, as two runs on one machine do.
    """

    order: tuple[str, ...]
    seed: int
    environment: Mapping[str, str]
    clock: float
    elsewhere: bool
    used_tmp: bool = False


def runs_an_interpreter(sources: Iterable[str]) -> int:
    """How many runs may share an interpreter, and with it a hash seed, for these files.

    The seed decides the order of sets of texts, and nothing else that a program sees but by
    asking. Where neither tests nor component use sets, ``hash`` or ``id``, six runs share one;
    where one of them does, every run has its own, so that the bound holds for the seed as well.
    """
    return 1 if any(_sees_hash_seed(source) for source in sources) else _RUNS_AN_INTERPRETER


def _sees_hash_seed(source: str) -> bool:
    return any(
        isinstance(node, ast.Set | ast.SetComp)
        or (isinstance(node, ast.Name) and node.id in _SEES_HASHES)
        for node in ast.walk(syntax.parse(source))
    )


def variations(
    tests: Sequence[str],
    count: int,
    seed: int,
    now: float,
    locales: Sequence[str],
    *,
    an_interpreter: int = 1,
) -> Iterator[Variation]:
    """The repeats of a group: definition order, reversed, then shuffled.

    Each ``an_interpreter`` of them share the hash seed, the time zone and the locale, which
    hold for a whole interpreter. Half of them run with a shifted clock, a quarter in another
    working directory, in other zones and locales half of the interpreters; the last one finds
    what the first one left in TMPDIR.
    """
    chance = random.Random(seed)  # noqa: S311 - recorded, for replays
    shifts = clock_shifts(now)
    for number in range(count):
        order = list(tests)
        if number == 1:
            order.reverse()
        elif number > 1:
            chance.shuffle(order)
        odd = number % 2 == 1
        shared = number // an_interpreter
        environment = {"PYTHONHASHSEED": str((seed * 1009 + shared * 7919) % 2**32)}
        if shared % 2 == 1:
            environment["TZ"] = _ZONES[shared // 2 % len(_ZONES)]
            environment["LC_ALL"] = locales[shared // 2 % len(locales)]
        yield Variation(
            order=tuple(order),
            seed=seed * 100_003 + number,
            environment=environment,
            clock=shifts[number // 2 % len(shifts)] if odd else 0.0,
            elsewhere=number % 4 == 1,
            used_tmp=number in (0, count - 1),
        )


def reruns(tests: Sequence[str], count: int, seed: int) -> Iterator[Variation]:
    """As many repeats again that differ in order and seed only: they cost no import."""
    chance = random.Random(~seed)  # noqa: S311 - recorded, for replays
    for number in range(count):
        order = tuple(chance.sample(tests, len(tests)))
        yield Variation(order, seed * 100_003 + count + number, {}, 0.0, elsewhere=False)


def clock_shifts(now: float) -> tuple[float, ...]:
    """Seconds to moments at which code about dates goes wrong.

    Half a day, a day and a half, a week, a month and a year ahead; a leap day, new year's eve, a
    change to summer time, and the last minutes that fit into 32 bits, in 2038.
    """
    moments = (1_709_208_000, 1_735_689_590, 1_743_296_390, 2_147_483_000)
    ahead = (_DAY_S / 2, _DAY_S * 1.5, _DAY_S * 7.25, _DAY_S * 31, _DAY_S * 366)
    return (*ahead, *(moment - now for moment in moments))
