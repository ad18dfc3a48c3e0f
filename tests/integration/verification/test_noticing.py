"""Which tests notice that the component is not what it was, and which only look as if."""

from __future__ import annotations

import textwrap

from spec_to_production.results import GeneratedFile
from spec_to_production.verification import Effort

VACUOUS = {
    "calls_only": "shop.parse('1')",
    "equals_itself": "assert shop.parse('1') == shop.parse('1')",
    "swallows": """
        try:
            assert shop.parse('1') == 2
        except Exception:
            pass""",
    "tuple": "assert (shop.parse('1') == 2, 'message')",
    "any_number": "assert shop.parse('1') >= 0 or shop.parse('1') < 0",
    "not_none": "assert shop.parse('1') is not None",
    "any_type": "assert isinstance(shop.parse('1'), object)",
    "own_copy": """
        def parse(text):
            return int(text)
        assert parse('1') == 1""",
    "mocks_it": """
        with mock.patch('shop.parse', return_value=7):
            assert shop.parse('1') == 7""",
    "keeps_it_from_the_test": """
        def listener(item):
            assert item is found
        found = object()
        shop.tell([listener], 'news')""",
    "mocks_it_with_real_parts": """
        with mock.patch('shop.in_order', return_value=[shop.Line('a', 1)]) as in_order:
            assert [line.item for line in shop.in_order([])] == ['a']
        assert in_order.called""",
}


def test_tests_that_check_nothing_are_vacuous(judge):
    functions = [
        f"def test_{name}():\n{textwrap.indent(textwrap.dedent(code).strip(), '    ')}"
        for name, code in VACUOUS.items()
    ]
    found = judge("\n".join(["from unittest import mock", "import shop", *functions]))
    assert {name: test.reason for name, test in found.items()} == {
        f"test_{name}": "vacuous" for name in VACUOUS
    }


def test_constants_are_mutated_where_functions_and_tests_read_them(judge):
    found = judge(
        """
        import shop
        from shop import LIMIT

        def test_far_above():
            assert shop.shipping(101) == 0

        def test_the_limit_as_imported():
            assert LIMIT == 100

        def test_the_limit_in_its_module():
            assert shop.LIMIT == 100

        def test_cart_is_not_concerned():
            assert shop.Cart("eva").items == []
        """
    )
    killed = {name: " ".join(test.mutants_killed) for name, test in found.items()}
    assert {name: "100 became 101" in ids for name, ids in killed.items()} == {
        "test_far_above": True,
        "test_the_limit_as_imported": True,
        "test_the_limit_in_its_module": True,
        "test_cart_is_not_concerned": False,
    }


BOUNDS = """
import enum

DEFAULTS = {}

class Status(enum.Enum):
    OPEN = "open"
    CLOSED = "closed"
"""


def test_what_is_empty_and_what_is_unknown_can_be_tested(judge):
    found = judge(
        """
        import pytest
        import shop

        def test_no_defaults():
            assert shop.DEFAULTS == {}

        def test_defaults_of_any_kind():
            assert isinstance(shop.DEFAULTS, dict)

        def test_no_other_status():
            with pytest.raises(ValueError):
                shop.Status("lost")

        def test_any_trouble():
            with pytest.raises(Exception):
                shop.Status("lost").name.nothing()

        def test_a_slip():
            with pytest.raises(Exception):
                shop.Stats("lost")

        def test_nothing_said():
            try:
                shop.Status("lost")
            except ValueError:
                pass
        """,
        there={"src/shop.py": BOUNDS},
        existing="",
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_no_defaults": None,
        "test_defaults_of_any_kind": "vacuous",
        "test_no_other_status": None,
        "test_any_trouble": "vacuous",
        "test_a_slip": "vacuous",
        "test_nothing_said": "vacuous",
    }


FRONT = """
from shop.prices import parse

API = (2, 1)
__version__ = "1.4"
__all__ = ["API", "parse"]
"""

PRICES = """
def parse(text):
    return int(text)
"""


def test_what_a_package_says_of_itself_can_be_tested(judge):
    found = judge(
        """
        import shop

        def test_names():
            assert sorted(shop.__all__) == ["API", "parse"]

        def test_version():
            assert shop.__version__ == "1.4"

        def test_api():
            assert shop.API >= (2, 1) and shop.API[0] == 2

        def test_a_version_is_text():
            assert isinstance(shop.__version__, str)

        def test_names_are_a_list():
            assert isinstance(shop.__all__, list) and isinstance(shop.API, tuple)
        """,
        component="src/shop/__init__.py",
        there={"src/shop/__init__.py": FRONT, "src/shop/prices.py": PRICES},
        existing="",
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_names": None,
        "test_version": None,
        "test_api": None,
        "test_a_version_is_text": "vacuous",
        "test_names_are_a_list": "vacuous",
    }


def test_a_default_that_is_an_object_can_be_tested_and_its_type_is_not_enough(judge):
    found = judge(
        """
        import inspect
        import shop

        DEFAULT = inspect.signature(shop.total).parameters["notify"].default

        def test_default():
            assert inspect.signature(shop.total).parameters["notify"].default is print

        def test_default_as_imported():
            assert DEFAULT == print

        def test_some_default():
            assert inspect.signature(shop.total).parameters["notify"].default is not None

        def test_default_can_be_called():
            assert callable(DEFAULT)
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_default": None,
        "test_default_as_imported": None,
        "test_some_default": "vacuous",
        "test_default_can_be_called": "vacuous",
    }


STORE = """
import sqlite3

def connect():
    store = sqlite3.connect(":memory:")
    store.execute("CREATE TABLE item (name TEXT PRIMARY KEY, version INTEGER)")
    return store

def save(store, name):
    told = "ON CONFLICT (name) DO UPDATE SET version = version + 1 RETURNING version"
    (version,) = store.execute(f"INSERT INTO item VALUES (?, 1) {told}", (name,)).fetchone()
    return version
"""


def test_what_is_counted_in_sql_can_be_tested(judge):
    found = judge(
        """
        import shop

        def test_second_version():
            store = shop.connect()
            assert [shop.save(store, "tea"), shop.save(store, "tea")] == [1, 2]
        """,
        there={"src/shop.py": STORE},
        existing="",
    )
    (test,) = found.values()
    assert test.verdict == "accepted"
    assert any("1 became 2 in" in mutant for mutant in test.mutants_killed)


def test_a_decorator_applied_by_an_import_is_tested_all_the_same(judge):
    found = judge(
        """
        import shop

        @shop.in_cents(2)
        def price(euros):
            return euros + 0.5

        def test_cents():
            assert price(2) == 250

        def test_only_calls():
            assert price(2) is not None
        """
    )
    assert found["test_only_calls"].reason == "vacuous"
    assert found["test_cents"].verdict == "accepted", found


def test_what_the_component_did_while_the_test_was_imported_counts(judge):
    found = judge(
        """
        import shop

        PRICE = shop.parse("42")

        def test_price():
            assert PRICE == 42

        def test_some_price():
            assert PRICE == PRICE
        """
    )
    assert found["test_price"].verdict == "accepted"
    assert found["test_some_price"].reason == "vacuous"


def test_what_the_machinery_says_is_no_test_s_word(judge):
    found = judge(
        """
        import atexit, contextlib
        import pytest
        import shop

        @pytest.mark.requirement("FR-1")
        async def test_that_nobody_awaits():
            assert shop.parse("1") == 2

        @pytest.mark.requirement("FR-1")
        def test_swallowed_by_the_component():
            def never(item):
                assert item == "other"
            shop.tell([never], "item")

        @pytest.mark.requirement("FR-1")
        def test_that_goes_on_after_the_end():
            atexit.register(print, "1 passed")
            assert shop.parse("1") == 2

        def test_that_cleans_up_after_the_end(tmp_path):
            atexit.register(__import__("shutil").rmtree, tmp_path, True)
            assert shop.parse("1") == 1
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_that_nobody_awaits": "fails",
        "test_swallowed_by_the_component": "vacuous",
        "test_that_goes_on_after_the_end": "unsafe",
        "test_that_cleans_up_after_the_end": None,
    }


def test_what_a_class_descends_from_can_be_tested(judge):
    found = judge(
        """
        import pytest
        import shop

        def test_no_shelf_as_such():
            with pytest.raises(TypeError, match="abstract"):
                shop.Shelf()

        def test_no_shelf_without_place():
            class Half(shop.Shelf):
                pass
            with pytest.raises(TypeError):
                Half()

        def test_fields_of_a_line():
            import dataclasses
            assert [field.name for field in dataclasses.fields(shop.Line)] == ["item", "price"]

        def test_a_line_stays_as_it_is():
            with pytest.raises(AttributeError):
                shop.Line("tea", 3).price = 4

        def test_a_price_error_is_a_value_error():
            assert issubclass(shop.PriceError, ValueError)

        def test_a_price_error_is_an_error():
            assert issubclass(shop.PriceError, Exception)
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_no_shelf_as_such": None,
        "test_no_shelf_without_place": None,
        "test_fields_of_a_line": None,
        "test_a_line_stays_as_it_is": None,
        "test_a_price_error_is_a_value_error": None,
        "test_a_price_error_is_an_error": "vacuous",
    }


DATA = """
import asyncio
import dataclasses
import enum
import functools
import typing

import pydantic


class Level(enum.IntEnum):
    LOW = enum.auto()
    HIGH = enum.auto()


@dataclasses.dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0
    tags: list = dataclasses.field(default_factory=list, compare=False)

    @classmethod
    def of(cls, text):
        return cls(*map(int, text.split(".")))


class Pair(typing.NamedTuple):
    left: int
    right: int


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)


class Money:
    def __init__(self, cents):
        self.cents = cents

    def __eq__(self, other):
        return self.cents == other.cents


class Account:
    def deposit(self, money):
        self.money = money


async def fetch(urls, get, limit):
    gate = asyncio.Semaphore(limit)

    async def one(url):
        async with gate:
            return await get(url)

    return await asyncio.gather(*map(one, urls))
"""


def test_what_a_class_is_made_of_can_be_tested_and_its_type_is_not_enough(judge):
    found = judge(
        """
        import asyncio
        import unittest
        from unittest import mock
        import pydantic
        import pytest
        from shop import Account, Level, Money, Pair, Person, Version, fetch

        def test_members():
            assert [level.name for level in Level] == ["LOW", "HIGH"]

        def test_value_of_a_member():
            assert Level.HIGH == 2

        def test_member_of_a_value():
            assert Level(1) is Level.LOW

        def test_fields():
            version = Version(major=1, minor=2)
            assert version.major == 1
            assert version.minor == 2

        class OrderCase(unittest.TestCase):
            def test_order(self):
                self.assertLess(Version(1, 2), Version(2))

        def test_no_tags():
            assert Version(1).tags == []

        def test_tags_of_their_own():
            one, other = Version(1), Version(1)
            one.tags.append("x")
            assert other.tags == []

        def test_pair():
            pair = Pair(1, 2)
            assert pair.right == 2

        def test_person():
            person = Person(name="ada", age=36)
            assert person.name == "ada"

        def test_age_of_digits():
            assert Person(name="ada", age="36").age == 36

        def test_no_age():
            with pytest.raises(ValueError):
                Person(name="ada")

        def test_no_name():
            with pytest.raises(pydantic.ValidationError):
                Person(age=36)

        def test_as_many_at_once():
            running = most = 0

            async def get(url):
                nonlocal running, most
                running += 1
                most = max(most, running)
                await asyncio.sleep(0)
                running -= 1

            asyncio.run(fetch("abcdef", get, 3))
            assert most == 3

        def test_type_of_a_member():
            assert isinstance(Level.LOW, Level)

        def test_some_version():
            assert Version(1, 2) is not None

        def test_type_of_a_version():
            assert isinstance(Version(1, 2), Version)

        def test_type_of_a_version_by_a_name():
            assert type(Version.of("1.2")) is Version

        class TypeCase(unittest.TestCase):
            def test_type_as_a_class_says(self):
                self.assertIsInstance(Version.of("1.2"), Version)

        def test_a_field_is_there():
            assert hasattr(Pair(1, 2), "left")

        def test_type_of_a_person():
            assert isinstance(Person(name="ada", age=36), Person)

        def test_only_a_mock():
            account = mock.Mock(spec=Account)
            account.deposit(Money(5))
            account.deposit.assert_called_once_with(Money(5))
        """,
        there={"src/shop.py": DATA},
        existing="",
    )
    vacuous = {
        "test_type_of_a_member",
        "test_some_version",
        "test_type_of_a_version",
        "test_type_of_a_version_by_a_name",
        "test_type_as_a_class_says",
        "test_a_field_is_there",
        "test_type_of_a_person",
        "test_only_a_mock",
    }
    assert {name: test.reason for name, test in found.items()} == {
        name: "vacuous" if name in vacuous else None for name in found
    }


def test_the_error_of_a_constructor_can_be_tested(judge):
    found = judge(
        """
        import unittest
        import pytest
        import shop

        def test_no_price():
            with pytest.raises(shop.PriceError) as caught:
                shop.Parcel(3)
            assert isinstance(caught.value, ValueError)

        def test_no_label():
            with pytest.raises(FileNotFoundError):
                shop.Parcel(-1)

        class ParcelCase(unittest.TestCase):
            def test_no_price_in_a_call(self):
                self.assertRaises(shop.PriceError, shop.Parcel, 3)

        def test_error_of_its_own():
            with pytest.raises(ValueError):
                raise ValueError(shop.Parcel(1))
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_no_price": None,
        "test_no_label": None,
        "test_no_price_in_a_call": None,
        "test_error_of_its_own": "vacuous",
    }


def test_a_program_with_an_environment_of_its_own_is_judged_like_any_other(judge):
    found = judge(
        """
        import os, subprocess, sys
        import shop

        SOURCES = os.path.dirname(shop.__file__)
        PROGRAM = "import shop; print(shop.parse('12'))"

        def run(**env):
            command = [sys.executable, "-c", PROGRAM]
            return subprocess.run(command, env=env, capture_output=True, text=True).stdout

        def test_beside_what_is_there():
            assert run(**{**os.environ, "PYTHONPATH": SOURCES}) == "12\\n"

        def test_all_alone():
            assert run(PYTHONPATH=SOURCES) == "12\\n"

        def test_nothing():
            assert run(PYTHONPATH=SOURCES) is not None
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_beside_what_is_there": None,
        "test_all_alone": None,
        "test_nothing": "vacuous",
    }


def test_two_objects_that_equal_nothing_else_tell_nothing(judge):
    found = judge(
        """
        import shop

        def test_same_twice():
            assert shop.in_order([2, 1]) == shop.in_order([2, 1])

        def test_in_order():
            assert shop.in_order([2, 1]) == "1, 2"
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_same_twice": "vacuous",
        "test_in_order": None,
    }


def test_iterators_are_looked_into(judge):
    found = judge(
        """
        import shop

        def test_halves():
            small, large = shop.halves([1, 5, 2], 3)
            assert list(small) == [1, 2]
            assert list(large) == [5]

        def test_none_at_all():
            small, large = shop.halves([], 3)
            assert next(small, None) is None

        def test_two_of_them():
            assert shop.halves([1], 3) is not None

        def test_the_same_object_comes_back():
            item = object()
            assert shop.as_it_is(item) is item
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_halves": None,
        "test_none_at_all": None,
        "test_two_of_them": "vacuous",
        "test_the_same_object_comes_back": None,
    }


def test_what_a_test_raises_itself_is_an_assertion_in_other_words(judge):
    found = judge(
        """
        import shop

        def error_of(text):
            try:
                shop.parse(text)
            except shop.PriceError as error:
                return error
            raise RuntimeError(f"{text} is no error")

        def test_no_price():
            error_of("x")

        def test_a_broken_listener():
            def broken(item):
                raise OSError(item)

            shop.tell([broken], "tea")
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_no_price": None,
        "test_a_broken_listener": "vacuous",
    }


def test_what_a_test_inherits_or_asks_of_another_file_is_its_own_word(verify):
    found = verify(
        candidate="""
        import shop
        from shared import Contract, Refusing, check, test_imported

        class TestHundred(Contract):
            text, price = "100", 100

        class TestWrong(Contract):
            text, price = "7", 8

        def test_by_a_helper():
            "FR-1"
            check(shop.parse("8"), 9)
        """,
        there={
            "tests/shared.py": """
                import unittest
                import pytest
                import shop

                def check(price, expected):
                    assert price == expected

                class Contract:
                    "FR-1"
                    def test_price(self):
                        assert shop.parse(self.text) == self.price

                class Refusing(unittest.TestCase):
                    def test_refuses(self):
                        with self.assertRaises(shop.PriceError):
                            shop.Parcel(3)

                def test_imported():
                    with pytest.raises(shop.PriceError):
                        shop.parse("x")
                """
        },
    )
    assert {one.id.partition("::")[2]: one.verdict for one in found.tests} == {
        "TestHundred::test_price": "accepted",
        "TestWrong::test_price": "disputed",
        "Refusing::test_refuses": "accepted",
        "test_imported": "accepted",
        "test_by_a_helper": "disputed",
    }
    disputes = [one.dispute for one in found.tests if one.dispute]
    assert [(one.requirement_id, one.expected, one.actual) for one in disputes] == [
        ("FR-1", "8", "7"),
        ("FR-1", "9", "8"),
    ]


def test_a_component_that_pytest_itself_has_imported_from_elsewhere_is_judged(make_verifier):
    verifier = make_verifier(existing="", component="src/iniconfig.py")
    text = "import iniconfig\n\ndef test_price():\n    assert iniconfig.parse('12') == 12\n"
    (verdict,) = verifier.judge([GeneratedFile(path="tests/test_price.py", content=text)])
    assert verdict.verdict == "accepted", verdict


def test_every_row_is_seen_to_run_what_a_shared_fixture_or_a_cache_runs_once(judge):
    found = judge(
        """
        import functools
        import pytest
        import shop

        parse = functools.cache(shop.parse)

        @pytest.fixture(scope="module")
        def halves():
            return [list(half) for half in shop.halves([1, 5, 9], limit=4)]

        @pytest.mark.parametrize(("which", "wanted"), [(0, [1]), (1, [5, 9])])
        def test_half(halves, which, wanted):
            assert halves[which] == wanted

        @pytest.mark.parametrize("more", [0, 1, 2])
        def test_price(more):
            assert parse("7") + more == 7 + more

        @pytest.mark.parametrize("wanted", [8, 9])
        def test_fr_1_price_is_another(wanted):
            assert parse("7") == wanted
        """
    )
    verdicts = {name: (test.verdict, test.reason) for name, test in found.items()}
    disputed = ("test_fr_1_price_is_another[8]", "test_fr_1_price_is_another[9]")
    assert verdicts == {
        name: ("disputed" if name in disputed else "accepted", None) for name in found
    }
    assert len(found) == 7


def test_what_a_test_adds_is_looked_for_beyond_the_sample_of_mutants(make_verifier):
    common = """
        import shop

        def test_prices():
            assert shop.parse("42") == 42
            assert shop.total([1, 2]) == 3
            assert shop.in_order([2, 1]) == "1, 2"
            assert shop.remember("a") == len(shop.SEEN)
            assert (shop.shipping(1), shop.shipping(200)) == (5, 0)
    """
    verifier = make_verifier(textwrap.dedent(common), Effort(flake_bound=0.5, mutants=20))
    limit = f"{common}        assert shop.shipping(100) == 5\n"
    content = textwrap.dedent(limit).replace("test_prices", "test_prices_and_the_limit")
    (verdict,) = verifier.judge([GeneratedFile(path="tests/test_limit.py", content=content)])
    assert verdict.verdict == "accepted"
    assert [test.reason for test in verifier.conclude(None).tests] == [None]


def test_what_a_class_lets_nobody_do_is_noticed_when_it_does(verify):
    found = verify(
        component="src/places.py",
        there={
            "src/places.py": """
            class Point:
                __slots__ = ("x",)

                def __init__(self, *, x=0):
                    self.x = x

                def moved(self):
                    return type(self)(x=self.x + 1)
            """
        },
        existing="",
        points="""
        import pytest
        from places import Point

        class Place(Point):
            pass

        def test_has_no_other_parts():
            with pytest.raises(AttributeError):
                Point().y = 1

        def test_takes_names_only():
            with pytest.raises(TypeError):
                Point(1)

        def test_stays_what_it_is():
            assert type(Place().moved()) is Place

        def test_is_made():
            Point(x=1).moved()
        """,
    )
    reasons = {test.id.rpartition("::")[2]: test.reason for test in found.tests}
    assert reasons == {
        "test_has_no_other_parts": None,
        "test_takes_names_only": None,
        "test_stays_what_it_is": None,
        "test_is_made": "vacuous",
    }
