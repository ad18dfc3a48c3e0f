"""Mutants are small, runnable, and the same every time."""

from __future__ import annotations

import ast
import io
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from spec_to_production.verification import mutation
from spec_to_production.verification import runner as runner_package
from spec_to_production.verification.mutation import mutants_of
from spec_to_production.verification.nulls import is_replaced, null_source
from spec_to_production.verification.runner import stand_ins
from spec_to_production.verification.selection import sample
from spec_to_production.verification.survivors import scored

SOURCE = textwrap.dedent(
    '''
    """Shop."""
    import logging

    log = logging.getLogger()
    LIMIT = 100

    @cache
    def shipping(ships, *, rate=5):
        """Price of shipping."""
        if ships > LIMIT and not closed():
            return 0
        log.info("paid")
        return rate

    class Cart:
        size: int = 3

        def add(self, item):
            if item is None:
                raise ValueError("no item")
            self.items.append(item.strip())
    '''
)


@pytest.mark.parametrize(
    "change",
    [
        "ships > LIMIT became ships >= LIMIT",
        "ships > LIMIT became ships <= LIMIT",
        "not closed() became closed()",
        "return 0 altered",
        "return rate became None",
        "100 became 101",
        "5 became 6",
        "@cache removed",
        "3 became 4",
        "raise ValueError('no item') removed",
        "item.strip() became item",
        "self.items.append(item.strip()) removed",
    ],
)
def test_small_mistakes_are_made(change):
    assert any(mutant.id.endswith(change) for mutant in mutants_of("shop.py", SOURCE))


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ("pay(a, 2)", ["arguments of pay(a, 2) swapped", "a altered in pay(a, 2)"]),
        ("pay(*a, b)", ["b altered in pay(*a, b)"]),
        ("max(a, b)", []),
        ("isinstance(a, int)", []),
        ("for a in b: pass", ["for … in b never"]),
        ("try: pass\nexcept KeyError: pass", ["except KeyError: lets it pass on"]),
        ("try: pass\nexcept KeyError: raise", []),
        ("@wraps(a)\ndef g(): pass", ["@wraps(a) removed"]),
    ],
)
def test_arguments_loops_and_handlers_go_wrong(statement, changes):
    text = f"def f(a, b):\n{textwrap.indent(statement, '    ')}"
    found = [mutant.id.partition(" ")[2] for mutant in mutants_of("m.py", text)]
    kinds = ("swapped", "altered in", "never", "lets it", "wraps(a) removed")
    assert [one for one in found if any(kind in one for kind in kinds)] == changes


def test_a_default_that_is_some_object_is_not_there():
    source = "def f(a=print, *, b=os.sep, c=None, d=len('1')): pass\ng = lambda a=print: a\n"
    found = [mutant.id for mutant in mutants_of("m.py", source) if "default" in mutant.id]
    assert found == ["m.py:1 default print became None", "m.py:1 default os.sep became None"]


@pytest.mark.parametrize(("decorator", "count"), [("@contextlib.contextmanager", 1), ("@cache", 0)])
def test_a_context_manager_swallows_exceptions(decorator, count):
    found = mutants_of("m.py", f"{decorator}\ndef f():\n    yield 1\n    close()\n")
    assert sum("swallows" in mutant.id for mutant in found) == count


@pytest.mark.parametrize(
    "decorator", ["cache", "lru_cache", "lru_cache(maxsize=128)", "functools.lru_cache(None)"]
)
def test_a_cache_keeps_nothing_and_can_be_asked_all_the_same(decorator):
    source = f"import functools\nfrom functools import *\n@{decorator}\ndef f(a):\n    return [a]\n"
    (mutant,) = (m for m in mutants_of("m.py", source) if m.id.endswith("keeps nothing"))
    made: dict[str, Any] = {}
    exec(mutant.module_source(source), made)

    assert made["f"](1) is not made["f"](1)
    assert made["f"].cache_info().misses == 2


@pytest.fixture
def runner(monkeypatch):
    """The runner's modules, by the name that mutants know them by."""
    monkeypatch.setitem(sys.modules, "spec_to_production_runner", runner_package)
    monkeypatch.setitem(sys.modules, "spec_to_production_runner.stand_ins", stand_ins)


ENUMS = """
import enum

class Level(enum.IntEnum):
    LOW = enum.auto()
    HIGH = enum.auto()

class Colour(enum.StrEnum):
    RED = enum.auto()

class Right(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()
    ALL = READ | WRITE

class Shape(enum.Enum):
    SQUARE = "square"

    @property
    def sides(self):
        return 4
"""


@pytest.mark.parametrize(
    ("change", "members"),
    [
        ("LOW = enum.auto() altered", ["LOW=2", "HIGH=3"]),
        ("HIGH = enum.auto() altered", ["LOW=1", "HIGH=3"]),
        ("HIGH = enum.auto() became HIGH = -1", ["LOW=1", "HIGH=-1"]),
        ("another member after HIGH", ["LOW=1", "HIGH=2", "another=4"]),
        ("RED = enum.auto() altered", ["RED=red~"]),
        ("another member after RED", ["RED=red", "another=another~"]),
        ("READ = enum.auto() altered", ["READ=2", "WRITE=4"]),
        ("another member after SQUARE", ["SQUARE=square", "another=square~"]),
    ],
)
@pytest.mark.usefixtures("runner")
def test_members_of_an_enumeration_go_wrong(change, members):
    (mutant,) = (m for m in mutants_of("m.py", ENUMS) if m.id.endswith(change))
    made: dict[str, Any] = {}
    exec(mutant.module_source(ENUMS), made)
    kinds = [made[name] for name in ("Level", "Colour", "Right", "Shape")]
    found = [[f"{one.name}={one.value}" for one in kind] for kind in kinds]

    assert members in found


@pytest.mark.parametrize(("name", "unknown"), [("Level", 7), ("Colour", "blue"), ("Shape", None)])
def test_an_enumeration_takes_a_value_that_it_does_not_know(name, unknown):
    change = f"{name} takes a value that it does not know for its first"
    (mutant,) = (m for m in mutants_of("m.py", ENUMS) if m.id.endswith(change))
    made: dict[str, Any] = {}
    exec(mutant.module_source(ENUMS), made)

    assert made[name](unknown) is next(iter(made[name]))


FIELDS = """
import dataclasses
import functools
import typing

import pydantic

class Plain:
    names = []
    owner = None

    @functools.cached_property
    def sizes(self):
        return [1]

@dataclasses.dataclass
class Order:
    items: list = dataclasses.field(default_factory=list)
    owner: object = None

class Pair(typing.NamedTuple):
    left: int
    right: int

class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)

class Point:
    __slots__ = ("x",)

    def __init__(self, *, x=0):
        self.x = x

    @classmethod
    def at(cls, x):
        return cls(x=x)

    def moved(self):
        return type(self)(x=self.x + 1)

    __hash__ = None

class Place(Point):
    pass

def in_turn(items):
    found = []
    for item in items:
        found.append(item)
    return found

def fails(what, *arguments):
    try:
        what(*arguments)
    except (AttributeError, TypeError):
        return True
    return False

def is_refused(**parts):
    try:
        return Person(**parts) is None
    except ValueError:
        return True
"""


@pytest.mark.parametrize(
    ("change", "expression"),
    [
        ("names = [] altered", "Plain.names == []"),
        ("__slots__ left out", "fails(setattr, Point(), 'y', 1)"),
        ("Point has a hash", "fails(hash, Point())"),
        ("backwards", "in_turn([1, 2]) == [1, 2]"),
        ("x taken without a name", "fails(Point, 1)"),
        ("cls became Point", "type(Place.at(1)) is Place"),
        ("type(self) became Point", "type(Place().moved()) is Place"),
        ("owner = None altered", "Plain.owner is None and Order().owner is None"),
        ("owner: object = None altered", "Plain.owner is None and Order().owner is None"),
        ("default_factory= altered", "Order().items == []"),
        ("items of Order altered", "Order(items=[1]).items == [1]"),
        ("right of Pair altered", "Pair(left=1, right=2).right == 2"),
        ("left: int left out of Pair", "len(Pair._fields) == 2"),
        ("name: str became name: object", "is_refused(name=1, age=2)"),
        ("name: str became name: str = None", "is_refused(age=2)"),
        ("pydantic.Field(None, ge=0)", "is_refused(name='ada')"),
        ("keeps nothing", "(lambda one: one.sizes is one.sizes)(Plain())"),
    ],
)
@pytest.mark.usefixtures("runner")
def test_what_a_class_holds_goes_wrong(change, expression):
    (mutant,) = (m for m in mutants_of("m.py", FIELDS) if change in m.id)
    right: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    exec(FIELDS, right)
    exec(mutant.module_source(FIELDS), wrong)

    assert eval(expression, right) is True
    assert eval(expression, wrong) is False


EMPTY = """
NAMES = []
RATES: dict[str, int] = {}
TAGS = ()
KINDS = frozenset()
UNSET = None
_waiting = []
"""


@pytest.mark.parametrize("name", ["NAMES", "RATES", "TAGS", "KINDS", "UNSET"])
@pytest.mark.usefixtures("runner")
def test_an_empty_constant_is_not_empty(name):
    (mutant,) = (m for m in mutants_of("m.py", EMPTY) if m.constant == name)
    made: dict[str, Any] = {}
    exec(mutant.module_source(EMPTY), made)

    assert made[name]
    assert len(made[name]) == 1


def test_a_state_that_is_nobody_else_s_begins_empty():
    assert not [mutant for mutant in mutants_of("m.py", EMPTY) if "_waiting" in mutant.id]


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("SET version = version + 1", ["SET version = version + 2"]),
        ("LIMIT 9", ["LIMIT 10"]),
        ("VALUES (0, ?)", ["VALUES (1, ?)"]),
        ("at most 3 of 5", ["at most 4 of 5"]),
        ("WHERE n>=2;", ["WHERE n>=3;"]),
        ("10", []),
        ("utf-8", []),
        ("%02d of %d", []),
        ("see FR-1", []),
        ("mask 0xff, v2, x_1", []),
        ("on 2024-05-01 at 12:30", []),
        ("1,000 or 1.5", []),
        (r"(.)\1 twice", []),
        ("{0} and {1}", []),
        ("up to 9" + 5000 * "9", []),
    ],
)
def test_a_number_among_words_is_one_higher(text, others):
    found = mutants_of("m.py", f"def f():\n    {text!r}\n    run(1, {text!r})\n")
    nodes = [node for mutant in found for node in ast.walk(ast.parse(mutant.piece()))]
    strings = [node.value for node in nodes if isinstance(getattr(node, "value", 0), str)]
    assert [one for one in strings if one not in (text, f"{text}~")] == others


def test_docstrings_and_messages_are_left_alone():
    changed = " ".join(mutant.id for mutant in mutants_of("shop.py", SOURCE))
    assert "Price of shipping" not in changed
    assert "'no item' became" not in changed


def test_a_line_of_a_log_is_left_out_and_not_reworded():
    changed = [mutant for mutant in mutants_of("shop.py", SOURCE) if "paid" in mutant.id]
    assert [mutant.id for mutant in changed] == ["shop.py:13 log.info('paid') removed"]
    assert scored(changed) == []


ABOUT_ITSELF = """
__all__ = ["parse", "total"]
__version__ = "1.4"
__author__ = "Ada"
__path__ = [*__path__, "more"]

class Cart:
    __slots__ = ("items", "owner")

try:
    __version__ = "1.5"
finally:
    __all__ += ["shipping"]
"""


def test_what_a_module_says_of_itself_goes_wrong_once_and_does_not_count():
    found = mutants_of("shop.py", ABOUT_ITSELF)
    assert [mutant.id for mutant in found] == [
        "shop.py:2 'total' left out of __all__",
        "shop.py:3 __version__ = '1.4' altered",
        "shop.py:8 __slots__ left out of Cart",
    ]
    assert scored(found) == []


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("key.partition('=')", "key.rpartition('=')"),
        ("text.lstrip()", "text.rstrip()"),
        ("max(a, b)", "min(a, b)"),
        ("all(found)", "any(found)"),
        ("queue.popleft()", "queue.pop()"),
    ],
)
def test_what_has_an_opposite_becomes_it(code, other):
    found = [mutant.text for mutant in mutants_of("m.py", f"def f():\n    return {code}\n")]
    assert f"def f():\n    return {other}" in found


def test_a_warning_is_left_out_and_reworded():
    found = " ".join(m.id for m in mutants_of("m.py", "def f():\n    warnings.warn('old')\n"))
    assert "warnings.warn('old') removed" in found
    assert "'old' became 'old~'" in found


def test_every_mutant_is_python_and_differs_from_the_source():
    original = ast.unparse(ast.parse(SOURCE))
    mutants = mutants_of("shop.py", SOURCE)
    for mutant in mutants:
        assert ast.unparse(ast.parse(mutant.module_source(SOURCE))) != original
        ast.parse(mutant.piece())
    assert len({mutant.id for mutant in mutants}) == len(mutants)


@pytest.mark.parametrize(
    ("module", "constants"),
    [
        ("A = 1\ndef f(): return A", {"A"}),
        ("A: int = 1\nclass C:\n    def f(self): return A", {"A"}),
        ("A = 1\nB = A + 1\ndef f(): return B", {"B"}),
        ("A = 1\ndef f(n=A): return n", set()),
        ("A = 1\n@limit(A)\ndef f(): return 1", set()),
        ("A = 1\nclass C:\n    size = A", set()),
        ("A = 1\nA += 1\ndef f(): return A", set()),
        ("A = 1\nfor A in (1, 2): pass", set()),
        ("A = 1\ndef f(): return A\nB = f()", set()),
        ("A = 1\ndef f(): return A\nB = sorted('ab', key=f)", set()),
        ("A = 1\ndef f(g): return A\n@f\ndef h(): return A", set()),
        ("A, B = 1, 2\ndef f(): return A", set()),
    ],
)
def test_a_constant_is_what_only_functions_read(module, constants):
    found = mutants_of("m.py", module)
    assert {mutant.piece().partition(":")[0][0] for mutant in found if mutant.constant} == constants


def test_a_mutant_stands_in_its_place_and_all_else_is_unchanged():
    """In the product's own modules."""
    seen = 0
    for path in Path(mutation.__file__).parent.glob("*.py"):
        source = path.read_text("utf-8")
        for mutant in mutants_of(path.name, source)[::25]:
            assert_in_its_place(mutant, source)
            seen += 1
    assert seen > 50


@pytest.mark.parametrize("mark", ["\n\x0c\n", "S = 'a\x1cb\x85c\u2028d'\n", "A = 1\r\nB = 2\r"])
def test_what_is_no_end_of_a_line_moves_no_mutant(mark):
    source = mark + SOURCE
    found = mutants_of("shop.py", source)
    for mutant in found:
        assert_in_its_place(mutant, source)
    assert len(found) >= len(mutants_of("shop.py", SOURCE)) > 0


def assert_in_its_place(mutant, source):
    """The changed lines hold the mutant; before and after them, the file is what it was."""
    before, after = lines(source), lines(mutant.module_source(source))
    rest = len(before) - mutant.last
    assert after[: mutant.first - 1] == before[: mutant.first - 1]
    assert after[len(after) - rest :] == before[mutant.last :]
    put = textwrap.dedent("\n".join(after[mutant.first - 1 : len(after) - rest]))
    assert ast.unparse(ast.parse(put)) == ast.unparse(ast.parse(mutant.text))
    was = textwrap.dedent("\n".join(before[mutant.first - 1 : mutant.last]))
    assert ast.unparse(ast.parse(was)) != ast.unparse(ast.parse(mutant.text))


def lines(source):
    """As the universal newlines of a file have them, which are Python's."""
    return [line.removesuffix("\n") for line in io.StringIO(source, newline=None)]


def test_the_products_own_modules_can_be_replaced_by_nulls():
    for path in Path(mutation.__file__).parent.glob("*.py"):
        ast.parse(null_source(path.read_text("utf-8")))


def test_a_sample_is_spread_over_the_functions_and_the_same_for_a_seed():
    mutants = mutants_of("shop.py", SOURCE)
    some = sample(mutants, 3, seed=1)
    assert some == sample(mutants, 3, seed=1)
    assert {mutant.function for mutant in some} == {"", "shipping", "Cart.add"}
    assert set(sample(mutants, 10_000, seed=1)) == set(mutants)


def test_constructors_are_left_in_place_by_nulls():
    assert not is_replaced("Cart.__init__")
    assert is_replaced("Cart.add")
    assert "stand_ins" not in null_source("class A:\n    def __init__(self): pass")
    assert "stand_ins" in null_source("async def f(): yield 1")
