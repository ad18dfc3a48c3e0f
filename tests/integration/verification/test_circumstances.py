"""What a test needs and leaves: other tests, its own last run, the time, the component's state."""

from __future__ import annotations

import re

from spec_to_production.results import GeneratedFile
from spec_to_production.verification import Effort


def test_a_test_that_cannot_stand_what_its_last_run_left_is_flaky(judge):
    found = judge(
        """
        import pathlib
        import tempfile
        import shop

        def test_leaves_a_file():
            receipt = pathlib.Path(tempfile.gettempdir(), "receipt.txt")
            assert not receipt.exists()
            receipt.write_text(str(shop.parse("7")))
            assert receipt.read_text() == "7"
        """
    )
    assert found["test_leaves_a_file"].reason == "flaky"
    assert found["test_leaves_a_file"].detail.startswith(
        "It fails with a TMPDIR that another run had before: "
    )


def test_who_disturbs_others_costs_them_nothing(judge):
    found = judge(
        """
        import os, random
        import pytest
        import shop

        def test_sum_is_someone_elses():
            shop.sum = lambda prices: 7
            assert shop.total([1]) == 7

        def test_limit_is_someone_elses():
            shop.LIMIT = 3
            assert shop.shipping(4) == 0

        def test_nobody_comes_after(request):
            request.session.items.clear()
            assert shop.total([4]) == 4

        def test_by_chance():
            assert shop.total([os.urandom(1)[0] % 4]) > 0

        @pytest.mark.parametrize("price", [random.SystemRandom().randrange(10**9)])
        def test_has_another_name_each_time(price):
            assert shop.total([price]) == price

        def test_total():
            assert shop.total([1, 2]) == 3

        def test_price():
            assert shop.parse("12") == 12

        def test_limit():
            assert shop.shipping(100) == 5
        """
    )
    reasons = {name.partition("[")[0]: test.reason for name, test in found.items()}
    assert reasons == {
        "test_sum_is_someone_elses": "unsafe",
        "test_limit_is_someone_elses": "unsafe",
        "test_nobody_comes_after": "unsafe",
        "test_by_chance": "flaky",
        "test_has_another_name_each_time": "not_collected",
        "test_total": None,
        "test_price": None,
        "test_limit": None,
    }


NO_MEMORY = """
import shop

def test_a_limit():
    assert shop.LIMIT == 100
"""


def test_several_that_leave_the_same_behind_are_all_to_blame(judge):
    found = judge(
        """
        import shop

        def test_leaves_one():
            shop.SEEN.clear()
            assert shop.remember("a") == 1

        def test_comes_to_a_clean_place():
            assert shop.remember("x") == 1
            shop.SEEN.clear()

        def test_leaves_another():
            shop.SEEN.clear()
            assert [shop.remember("b"), shop.remember("c")] == [1, 2]
        """,
        existing=NO_MEMORY,
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_leaves_one": "order_dependent",
        "test_comes_to_a_clean_place": None,
        "test_leaves_another": "order_dependent",
    }


def test_what_cannot_be_run_twice_is_told_in_words(judge):
    found = judge(
        """
        import shop

        def test_first_of_all():
            assert shop.remember("a") == 1
        """,
        existing=NO_MEMORY,
    )
    (test,) = found.values()
    assert test.reason == "order_dependent"
    assert test.detail == "It fails when it is run a second time in one process."


def test_what_cannot_stand_ordinary_tests_is_to_blame_itself(judge):
    found = judge(
        """
        import shop

        def test_nothing_was_seen():
            assert shop.in_order(shop.SEEN) == ""

        def test_remember_a():
            assert shop.remember("a") == len(shop.SEEN)

        def test_remember_b():
            assert shop.remember("b") == len(shop.SEEN) > 0

        def test_remember_c():
            count = shop.remember("c")
            assert len(shop.SEEN) == count

        def test_remember_d():
            before = len(shop.SEEN)
            assert shop.remember("d") == before + 1
        """,
        existing=NO_MEMORY,
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_nothing_was_seen": "order_dependent",
        "test_remember_a": None,
        "test_remember_b": None,
        "test_remember_c": None,
        "test_remember_d": None,
    }


def test_what_cannot_stand_what_it_leaves_itself_is_to_blame(judge):
    found = judge(
        """
        import pytest
        import shop

        @pytest.fixture(scope="module")
        def cart():
            return shop.Cart("eva")

        def test_is_the_first():
            assert shop.remember("x") == 1

        def test_remember():
            before = len(shop.SEEN)
            assert shop.remember("y") == before + 1

        def test_fills_a_cart_of_the_module(cart):
            cart.add("tea", 3)
            assert (len(cart), cart.sum) == (1, 3)

        @pytest.mark.parametrize("prices", [iter([1, 2])])
        def test_total_of_what_can_be_read_once(prices):
            assert shop.total(prices) == 3
        """,
        existing=NO_MEMORY,
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_is_the_first": "order_dependent",
        "test_remember": None,
        "test_fills_a_cart_of_the_module": None,
        "test_total_of_what_can_be_read_once[prices0]": None,
    }


def test_what_a_test_needs_to_pass_is_named_by_its_reason(judge):
    found = judge(
        """
        import os
        import shop

        SEEN = []

        def test_comes_first():
            SEEN.append(shop.total([1]))
            assert SEEN[0] == 1

        def test_needs_the_first_one():
            assert shop.total(SEEN) >= 1

        def test_needs_another_folder():
            assert shop.parse("12") == (0 if os.path.exists("src/shop.py") else 12)
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_comes_first": None,
        "test_needs_the_first_one": "order_dependent",
        "test_needs_another_folder": "flaky",
    }


def test_a_circumstance_is_named_where_it_is_the_reason_and_chance_where_it_is_not(judge):
    found = judge(
        """
        import os, random, time
        import shop

        def test_zone():
            assert shop.total([time.localtime(0).tm_hour]) == 0

        def test_hash():
            assert shop.total([hash("a") % 2, hash("b") % 2, hash("c") % 2]) == 1

        def test_random_numbers():
            assert shop.total([random.randrange(9)]) < 6

        def test_by_chance():
            assert shop.total([os.urandom(1)[0] % 2]) == 0
        """,
        effort=Effort(flake_bound=0.3),
    )
    assert {test.reason for test in found.values()} == {"flaky"}
    told = {name: test.detail.partition(": ")[0] for name, test in found.items()}
    assert re.fullmatch(r"It fails with TZ=\S+", told["test_zone"]), told
    assert re.fullmatch(r"It \S+ (only )?with PYTHONHASHSEED=\d+", told["test_hash"]), told
    assert re.fullmatch(r"It .* with other random numbers", told["test_random_numbers"]), told
    assert re.fullmatch(r"It failed in \d+ of \d+ runs, by chance", told["test_by_chance"]), told


def test_what_the_component_does_not_change_is_not_a_tests_to_change(judge):
    found = judge(
        """
        import importlib, sys
        import pytest
        import shop

        class Blocked:
            def find_spec(self, name, path=None, target=None):
                return None

        def test_leaves_a_price():
            shop.PRICES[3] = 11
            assert shop.Parcel(3).price == 11

        def test_leaves_an_import_hook():
            sys.meta_path.insert(0, Blocked())
            assert shop.parse("1") == 1

        def test_takes_a_finder_away():
            del sys.path_hooks[0]
            assert shop.parse("2") == 2

        def test_drops_the_component():
            del sys.modules["shop"]
            assert shop.parse("3") == 3

        def test_gives_the_price_back(monkeypatch):
            monkeypatch.setitem(shop.PRICES, 4, 12)
            assert shop.Parcel(4).price == 12

        def test_no_such_price():
            with pytest.raises(shop.PriceError):
                shop.Parcel(3)

        def test_a_hook_for_a_while(monkeypatch):
            monkeypatch.setattr(sys, "meta_path", [Blocked(), *sys.meta_path])
            assert shop.parse("5") == 5

        def test_imported_anew():
            before = sys.modules.pop("shop")
            anew = importlib.import_module("shop")
            assert anew is not before
            assert anew.parse("6") == 6

        def test_its_own_memory():
            assert shop.remember("x") == len(shop.SEEN)
            shop.SEEN.clear()
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_leaves_a_price": "unsafe",
        "test_leaves_an_import_hook": "unsafe",
        "test_takes_a_finder_away": "unsafe",
        "test_drops_the_component": "unsafe",
        "test_gives_the_price_back": None,
        "test_no_such_price": None,
        "test_a_hook_for_a_while": None,
        "test_imported_anew": None,
        "test_its_own_memory": "redundant",
    }


def test_an_assertion_that_never_runs_says_nothing(judge):
    found = judge(
        """
        import unittest

        import pytest
        import shop

        def test_loops_over_nothing():
            for price in map(shop.parse, []):
                assert price == 99
            if shop.total([1, 2]) != 3:
                assert shop.total([1, 2]) == 99

        class TestLoops(unittest.TestCase):
            def test_loops_over_nothing_as_well(self):
                for price in range(shop.total([])):
                    self.assertEqual(price, 99)

        def test_wants_nothing_to_come():
            for price in range(shop.total([])):
                pytest.fail(f"there is {price}")
            assert (
                shop.total([1, 2])
                == 3
            )
        """
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_loops_over_nothing": "vacuous",
        "test_loops_over_nothing_as_well": "vacuous",
        "test_wants_nothing_to_come": None,
    }
    assert "None of its assertions comes to run" in found["test_loops_over_nothing"].detail


def test_who_leans_on_a_test_that_was_rejected_accuses_nobody(judge):
    found = judge(
        """
        import shop

        TOTALS = []

        def test_remembers():
            TOTALS.append(shop.total([1, 2]))
            assert TOTALS == [3]

        def test_relies_on_it():
            "FR-1"
            assert shop.total([1, 2]) in TOTALS

        def test_accuses():
            "FR-1"
            assert shop.total([1, 2]) == 4
        """
    )
    assert found["test_remembers"].reason == "order_dependent"
    assert found["test_relies_on_it"].reason == "order_dependent", found["test_relies_on_it"]
    assert found["test_accuses"].verdict == "disputed"


DESK = """
import abc, dataclasses, enum, functools, itertools, logging, re, typing

LIMIT = 10
KINDS = {"letter": str.upper, "card": str.lower}
FORMATS = {"plain": str.strip}
PATTERN = re.compile(r"[0-9]+")
OFFICE = logging.getLogger("desk")
_numbers = itertools.count(1)
_seen = {}
_default = None

class Colour(enum.Flag):
    RED = 1
    BLUE = 2

class Rated(abc.ABC):
    kinds = {}
    def __init_subclass__(cls):
        cls.kinds[cls.__name__] = cls
    @abc.abstractmethod
    def rate(self): ...

class Parcel(Rated):
    currency = "EUR"
    sizes = ["S", "M"]
    made = 0
    def __init__(self, weight):
        Parcel.made += 1
        self.number, self.weight = next(_numbers), weight
    def rate(self):
        return 2 * self.weight if self.currency == "EUR" else 3 * self.weight
    @functools.cached_property
    def largest(self):
        return self.sizes[-1]

@dataclasses.dataclass(frozen=True)
class Label:
    text: str = "to"
    colour: Colour = Colour.RED

@typing.runtime_checkable
class Sized(typing.Protocol):
    weight: int

def write(kind, text):
    return KINDS[kind](text)

def add_format(name, function):
    FORMATS[name] = function

def formatted(name, text):
    return FORMATS[name](text)

def number(text, fallback=0):
    found = PATTERN.search(text)
    OFFICE.info("looked at %s", text)
    return int(found[0]) if found else fallback

@functools.cache
def square(side):
    return side * side

def seen(name):
    _seen[name] = _seen.get(name, 0) + 1
    return _seen[name]

def default_parcel():
    global _default
    if _default is None:
        _default = Parcel(LIMIT)
    return _default

def ask():
    return input("how many? ")

def lazily(text):
    import colorsys
    return colorsys.rgb_to_hsv(0, 0, int(text))[2]
"""

WITH_DESK = {
    "existing": "import desk\ndef test_number():\n    assert desk.number('3 cards') == 3\n",
    "component": "src/desk.py",
    "there": {"src/desk.py": DESK},
}


def test_what_no_neighbour_minds_is_a_leak_all_the_same(judge):
    found = judge(
        """
        import gc, io, logging, os, pathlib, sys, threading
        from unittest.mock import Mock
        import desk

        def test_class_constant():
            desk.Parcel.currency = "USD"
            assert desk.Parcel(2).rate() == 6

        def test_class_table():
            desk.Parcel.sizes.append("L")
            assert desk.Parcel(2).largest == "L"

        def test_entry_that_the_component_only_reads():
            desk.KINDS["card"] = str.title
            assert desk.write("card", "a b") == "A B"

        def test_defaults():
            desk.number.__defaults__ = (7,)
            assert desk.number("none") == 7

        def test_code():
            desk.write.__code__ = (lambda kind, text: text).__code__
            assert desk.write("letter", "a") == "a"

        def test_cached_function():
            desk.square = lambda side: 4
            assert desk.square(2) == 4

        def test_pattern():
            desk.PATTERN = desk.re.compile("[a-z]")
            assert desk.number("1", 2) == 2

        def test_logger():
            desk.OFFICE = Mock()
            assert desk.number("3") == 3

        def test_module():
            desk.re = Mock()
            assert desk.number("3") == 3

        def test_hides_what_is_built_in():
            desk.input = lambda question: "3"
            assert desk.ask() == "3"

        def test_class_of_python():
            pathlib.Path.exists = lambda path: True
            assert desk.number("3") == 3

        def test_hooks():
            sys.excepthook = lambda *_: None
            assert desk.number("3") == 3

        def test_hooks_of_threads():
            threading.excepthook = lambda *_: None
            sys.excepthook = lambda *_: None
            assert desk.number("3") == 3

        def test_streams():
            sys.stdout = sys.__stdout__ = io.StringIO()
            assert desk.number("3") == 3

        def test_collector():
            gc.disable()
            assert desk.number("3") == 3

        def test_folder(tmp_path):
            os.chdir(tmp_path)
            assert desk.number("3") == 3

        def test_depth():
            sys.setrecursionlimit(5000)
            assert desk.number("3") == 3

        def test_log():
            logging.getLogger().addHandler(logging.StreamHandler(io.StringIO()))
            assert desk.number("3") == 3

        def test_no_log():
            logging.disable(logging.CRITICAL)
            assert desk.number("3") == 3
        """,
        **WITH_DESK,
    )
    assert {name: test.reason for name, test in found.items()} == dict.fromkeys(found, "unsafe")


def test_what_is_given_back_or_the_components_own_doing_is_no_leak(judge):
    found = judge(
        """
        import abc, builtins, importlib, itertools, io, logging, sys, typing, warnings
        from unittest import mock
        import pytest
        from hypothesis import given, strategies
        import desk

        def test_monkeypatch(monkeypatch):
            monkeypatch.setattr(desk.Parcel, "currency", "USD")
            monkeypatch.setitem(desk.KINDS, "card", str.title)
            monkeypatch.setitem(desk.FORMATS, "plain", str.title)
            monkeypatch.setattr(desk.number, "__defaults__", (7,))
            monkeypatch.setattr(desk, "input", lambda question: "3", raising=False)
            monkeypatch.setattr(sys, "excepthook", lambda *_: None)
            assert (desk.Parcel(2).rate(), desk.write("card", "a"), desk.ask()) == (6, "A", "3")

        @mock.patch("desk.Parcel.currency", "USD")
        @mock.patch.dict(desk.KINDS, card=str.title)
        def test_patch():
            with mock.patch.object(desk, "OFFICE") as office, mock.patch("builtins.input"):
                assert desk.number("3") == 3
            office.info.assert_called_once_with("looked at %s", "3")
            assert desk.Parcel(2).rate() == 6

        def test_by_hand():
            before, handler = desk.FORMATS["plain"], logging.StreamHandler(io.StringIO())
            desk.FORMATS["plain"] = str.title
            logging.getLogger().addHandler(handler)
            try:
                assert desk.formatted("plain", "a b") == "A B"
            finally:
                desk.FORMATS["plain"] = before
                logging.getLogger().removeHandler(handler)

        def test_a_format_of_its_own():
            desk.add_format("plain", str.upper)
            desk.add_format("loud", str.upper)
            assert desk.formatted("plain", "a") == "A"
            assert desk.FORMATS["loud"] is str.upper

        def test_caches():
            assert desk.square(3) == desk.square(3) == 9
            assert desk.square.cache_info().hits >= 1
            parcel = desk.Parcel(1)
            assert parcel.largest == parcel.largest == "M"

        def test_memory_set_back():
            desk._seen = {}
            assert [desk.seen("a"), desk.seen("a")] == [1, 2]

        def test_memory_emptied():
            desk._seen.clear()
            assert desk.seen("b") == 1

        def test_counter_set_back():
            desk._numbers = itertools.count(1)
            assert desk.Parcel(1).number == 1

        def test_counter_of_the_class():
            before = desk.Parcel.made
            desk.Parcel(1)
            assert desk.Parcel.made == before + 1

        def test_singleton():
            desk._default = None
            assert desk.default_parcel() is desk.default_parcel()
            assert desk.default_parcel().rate() == 20

        def test_imported_when_needed():
            sys.modules.pop("colorsys", None)
            assert desk.lazily("3") == 3

        def test_imported_anew(monkeypatch):
            importlib.reload(desk)
            importlib.reload(desk)
            assert desk.write("letter", "a") == "A"
            assert desk.Label() == desk.Label("to", desk.Colour.RED)

        def test_enumeration():
            both = desk.Colour.RED | desk.Colour.BLUE
            assert desk.Colour(3) is both and desk.number(f"{both.value}") == 3

        def test_a_class_of_its_own():
            class Heavy(desk.Rated):
                def rate(self):
                    return desk.number("9")
            assert desk.Rated.kinds["Heavy"] is Heavy and Heavy().rate() == 9

        def test_virtual_subclass():
            class Other: pass
            desk.Rated.register(Other)
            assert isinstance(Other(), desk.Rated) and desk.number("8") == 8

        def test_protocol_and_hints():
            assert isinstance(desk.Parcel(1), desk.Sized)
            assert typing.get_type_hints(desk.Label)["text"] is str
            assert desk.Label().text == "to"

        def test_logs(caplog):
            caplog.set_level(logging.DEBUG, logger="desk")
            logging.getLogger("desk").addHandler(logging.NullHandler())
            assert desk.number("4") == 4
            assert "looked at 4" in caplog.text

        def test_warns():
            with warnings.catch_warnings(record=True):
                warnings.simplefilter("always")
                warnings.warn("x")
            assert desk.number("x", 5) == 5

        @given(strategies.integers(0, 99))
        def test_property(number):
            assert desk.number(f"x{number}y") == number

        def test_by_a_hook(monkeypatch):
            hook = sys.excepthook
            sys.excepthook = lambda *_: None
            try:
                assert desk.number("77") == 77
            finally:
                sys.excepthook = hook
        """,
        **WITH_DESK,
    )
    told = {test.reason for test in found.values()}
    assert told <= {None, "redundant"}, {
        name: test.detail for name, test in found.items() if test.reason not in (None, "redundant")
    }


def test_who_touches_other_tests_or_how_they_are_reported_is_unsafe(judge):
    found = judge(
        """
        from _pytest.reports import TestReport
        import shop

        def test_nobody_else_runs(request):
            for item in request.session.items:
                item.runtest = lambda: None
            assert shop.parse("1") == 1

        def test_nobody_else_is_set_up(request):
            others = [item for item in request.session.items if item is not request.node]
            others[0].setup = lambda: None
            assert shop.parse("2") == 2

        def test_nobody_else_does_what_it_says(request):
            "FR-1"
            for item in request.session.items:
                if item is not request.node:
                    item.obj = lambda: None
            assert shop.parse("3") == 4

        def test_nobody_fails():
            "FR-1"
            TestReport.failed = property(lambda self: False)
            assert shop.parse("4") == 5

        def test_looks_on(request):
            names = [item.name for item in request.session.items if item.location]
            request.node.add_marker("tried")
            request.node.user_properties.append(("price", shop.parse("5")))
            assert len(names) == shop.parse(str(len(names)))
        """,
        existing=NO_MEMORY,
        there={"pyproject.toml": "[tool.pytest.ini_options]\nmarkers = ['tried']\n"},
    )
    assert {name: test.reason for name, test in found.items()} == dict.fromkeys(found, "unsafe") | {
        "test_looks_on": None
    }


def test_a_thread_that_goes_on_after_its_test_is_told(judge):
    found = judge(
        """
        import queue, threading, time
        from concurrent.futures import ThreadPoolExecutor
        import pytest
        import shop

        def test_timer():
            threading.Timer(60, shop.remember, "a").start()
            assert shop.parse("1") == 1

        def test_waits_for_good():
            threading.Thread(target=lambda: threading.Event().wait()).start()
            assert shop.parse("2") == 2

        def test_works_on():
            def work():
                while True:
                    time.sleep(0.01)
            threading.Thread(target=work, daemon=True).start()
            assert shop.parse("3") == 3

        def test_keeps_pytest_from_ending():
            threading.Thread(target=shop.tell, args=([lambda _: time.sleep(60)], 1)).start()
            assert shop.parse("4") == 4

        def test_joined():
            found = []
            thread = threading.Thread(target=lambda: found.append(shop.parse("5")))
            thread.start()
            thread.join()
            assert found == [5]

        def test_cancelled():
            timer = threading.Timer(60, shop.remember, "a")
            timer.start()
            timer.cancel()
            assert shop.parse("6") == 6

        def test_pool():
            assert ThreadPoolExecutor(2).submit(shop.parse, "7").result() == 7

        def test_the_component_holds_it():
            waiting = queue.Queue().get
            thread = threading.Thread(target=lambda: shop.tell([waiting], True), daemon=True)
            thread.start()
            assert shop.parse("8") == 8 and thread.is_alive()
        """
    )
    kept = ("test_joined", "test_cancelled", "test_pool", "test_the_component_holds_it")
    assert {name: test.reason for name, test in found.items()} == dict.fromkeys(
        found, "unsafe"
    ) | dict.fromkeys(kept)


def test_what_is_broken_in_the_existing_suite_is_held_against_no_test(judge):
    found = judge(
        """
        import shop

        def test_total():
            assert shop.total([1, 2]) == 3

        def test_first_to_remember():
            assert shop.remember("x") == 1
        """,
        there={
            "tests/test_without_its_package.py": "import nowhere_to_be_found, shop\n",
            "tests/test_unwritten.py": "import shop\ndef test_a(:\n",
            "tests/test_zombie.py": """
                import os
                import shop

                def test_ends_everything():
                    os._exit(shop.parse("3"))
                """,
        },
    )
    assert {name: test.reason for name, test in found.items()} == {
        "test_total": None,
        "test_first_to_remember": "order_dependent",
    }


def test_what_does_not_come_to_run_beside_the_existing_suite_is_not_accepted(verify):
    found = verify(
        first="""
        import shop
        import fractions

        def test_needs_what_the_suite_took_away():
            assert shop.total([fractions.Fraction(1, 2)]) == 0.5
        """,
        second="""
        import shop

        def test_total():
            assert shop.total([1, 2]) == 3
        """,
        there={
            "tests/test_without_fractions.py": """
                import sys
                import shop

                sys.modules["fractions"] = None

                def test_price():
                    assert shop.parse("1") == 1
                """
        },
    )
    verdicts = {test.id.partition("::")[2]: test for test in found.tests}
    assert {name: test.reason for name, test in verdicts.items()} == {
        "test_needs_what_the_suite_took_away": "import_error",
        "test_total": None,
    }
    detail = verdicts["test_needs_what_the_suite_took_away"].detail
    assert detail.startswith("Only beside the existing tests: ")
    assert "fractions" in detail


def test_who_keeps_the_existing_tests_from_running_is_unsafe(judge):
    found = judge(
        """
        import shop

        def test_nobody_comes_after(request):
            request.session.items.clear()
            assert shop.total([4]) == 4
        """
    )
    (verdict,) = found.values()
    assert (verdict.reason, verdict.detail) == ("unsafe", "It keeps other tests from running.")


def test_a_replay_takes_place_when_the_first_run_did(make_verifier):
    days = "import datetime\nimport shop\ndef test_day():\n    year = datetime.date.today().year\n"
    test = f"{days}    assert shop.parse(str(year)) == 2020\n"
    verifier = make_verifier(effort=Effort(flake_bound=0.99, began=1_600_000_000))
    (verdict,) = verifier.judge([GeneratedFile(path="tests/test_day.py", content=test)])
    assert verdict.verdict == "accepted", verdict


def test_examples_of_hypothesis_are_the_same_in_every_run(judge):
    found = judge(
        """
        from hypothesis import given, settings, strategies
        import shop

        @given(strategies.integers(0, 10**4))
        def test_a_hundred_ships_free(ships):
            "FR-2"
            assert shop.shipping(ships) == (0 if ships >= 100 else 5)

        @given(strategies.integers(0, 10**6))
        @settings(max_examples=9)
        def test_digits_are_a_price(number):
            assert shop.parse(str(number)) == number
        """
    )
    assert found["test_a_hundred_ships_free"].reason != "flaky"
    assert found["test_digits_are_a_price"].verdict == "accepted"


def test_what_hypothesis_finds_with_other_examples_counts(judge):
    found = judge(
        """
        from hypothesis import given, strategies
        import shop

        @given(strategies.integers(0, 10**5))
        def test_digits_are_a_price(number):
            "FR-1"
            assert shop.parse(str(number)) == (number if number % 499 != 5 else 0)

        class TestPrices:
            @given(strategies.integers(0, 10**5))
            def test_digits(self, number):
                assert shop.parse(str(number)) == (number if number % 499 != 5 else 0)
        """
    )
    disputed, failing = found["test_digits_are_a_price"], found["test_digits"]
    assert disputed.verdict == "disputed", disputed
    assert "number=" in disputed.detail
    assert failing.reason == "fails", failing
