"""Every verdict and reason, from real runs of tests for a small component."""

from __future__ import annotations

import textwrap

import pytest


def test_good_tests_of_many_styles_are_accepted(judge):
    found = judge(
        '''
        import unittest
        from unittest import mock
        import pytest
        import shop

        @pytest.mark.requirement("FR-1")
        @pytest.mark.parametrize(("text", "price"), [("0", 0), ("42", 42)])
        def test_parse(text, price):
            assert shop.parse(text) == price

        @pytest.mark.requirement("FR-1")
        def test_parse_refuses():
            with pytest.raises(shop.PriceError):
                shop.parse("x")

        @pytest.fixture
        def cart():
            return shop.Cart("eva")

        def test_fr_4_owner(cart):
            assert cart.owner == "eva"

        class TestCart:
            """FR-4"""
            def test_sum(self, cart):
                "FR-4"
                cart.add("tea", 3)
                cart.add("cup", 4)
                assert cart.sum == 7
                assert len(cart) == 2

        class TotalCase(unittest.TestCase):
            def test_total_fr_3(self):
                self.assertEqual(shop.total([1, 2], notify=mock.Mock()), 3)

        def test_fr_3_notifies():
            notify = mock.Mock()
            shop.total([1, 2], notify=notify)
            notify.assert_called_once_with("total 3")

        def test_fr_3_prints(capsys):
            shop.total([5])
            assert capsys.readouterr().out == "total 5\\n"
        '''
    )
    assert {name: test.verdict for name, test in found.items()} == dict.fromkeys(found, "accepted")
    assert len(found) == 8
    assert found["test_parse[42-42]"].requirements == ("FR-1",)
    assert found["test_fr_4_owner"].runs == 21  # one alone, twice ten repeats for a bound of a half
    assert found["test_fr_4_owner"].mutants_killed


def test_inherited_and_nested_tests_are_judged_in_each_of_their_classes(verify):
    found = verify(
        candidate="""
        import unittest
        import pytest
        import shop

        class Contract:
            @pytest.mark.requirement("FR-1")
            def test_price(self):
                assert shop.parse(self.text) == self.price

            def test_nothing(self):
                assert shop.parse(self.text) is not None

        class TestOne(Contract):
            text, price = "1", 1

        class TestWrong(Contract):
            text, price = "2", 3

        class TestOuter:
            class TestInner:
                def test_sum_fr_3(self):
                    assert shop.total([1, 2]) == 3

        class Mixin:
            def test_owner_fr_4(self):
                self.assertEqual(shop.Cart(self.owner).owner, self.owner)

        class AdaCase(Mixin, unittest.TestCase):
            owner = "ada"

        @pytest.mark.parametrize(("text", "price"), [("3", 3), ("4", 5), ("6", 6)])
        def test_table(text, price):
            "FR-1"
            assert shop.parse(text) == price
        """
    )
    assert {test.id.partition("::")[2]: test.reason or test.verdict for test in found.tests} == {
        "TestOne::test_price": "accepted",
        "TestOne::test_nothing": "vacuous",
        "TestWrong::test_price": "disputed",
        "TestWrong::test_nothing": "vacuous",
        "TestOuter::TestInner::test_sum_fr_3": "accepted",
        "AdaCase::test_owner_fr_4": "accepted",
        "test_table[3-3]": "accepted",
        "test_table[4-5]": "disputed",
        "test_table[6-6]": "accepted",
    }
    (file,) = found.files
    assert "test_nothing" not in file.content
    assert "TestWrong" not in file.content
    assert '[("3", 3), ("6", 6)]' in file.content
    assert all(name in file.content for name in ("Contract", "TestInner", "AdaCase(Mixin"))


def test_a_helper_comes_along_with_the_tests_that_import_it(verify):
    found = verify(
        candidate="""
        from helpers import expected
        import shop

        def test_total():
            assert shop.total([1, 2]) == expected([1, 2])
        """,
        **{"helpers.py": "def expected(prices):\n    return prices[0] + prices[1]\n"},
        **{"others.py": "X = 1\n"},
    )
    assert {test.id: test.reason for test in found.tests} == {
        "tests/test_candidate.py::test_total": None,
        "tests/helpers.py": "not_collected",
        "tests/others.py": "not_collected",
    }
    assert {file.path for file in found.files} == {"tests/test_candidate.py", "tests/helpers.py"}


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
    assert "TMPDIR" in found["test_leaves_a_file"].detail


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
            assert shop.total([os.urandom(1)[0] % 2]) == 0

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
        "test_sum_is_someone_elses": "order_dependent",
        "test_limit_is_someone_elses": "unsafe",
        "test_nobody_comes_after": "unsafe",
        "test_by_chance": "flaky",
        "test_has_another_name_each_time": "not_collected",
        "test_total": None,
        "test_price": None,
        "test_limit": None,
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


def test_rows_without_names_stay_when_those_before_them_go(verify):
    found = verify(
        candidate="""
        import decimal
        import pytest
        import shop

        class Text:
            def __init__(self, text):
                self.text = text

        @pytest.mark.parametrize(("text", "price"), [
            (Text("2"), decimal.Decimal(3)),
            (Text("3"), decimal.Decimal(3)),
            (Text("4"), decimal.Decimal(4)),
        ])
        def test_parse(text, price):
            assert shop.parse(text.text) == price
        """
    )
    verdicts = {test.id.partition("::")[2]: test.reason for test in found.tests}
    assert verdicts == {
        "test_parse[text0-price0]": "fails",
        "test_parse[text1-price1]": None,
        "test_parse[text2-price2]": None,
    }
    assert "Text('2')" not in found.files[0].content.replace('"', "'")


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


def test_a_component_that_pytest_itself_has_imported_from_elsewhere_is_judged(make_verifier):
    from spec_to_production.results import GeneratedFile

    verifier = make_verifier(existing="", component="src/iniconfig.py")
    text = "import iniconfig\n\ndef test_price():\n    assert iniconfig.parse('12') == 12\n"
    (verdict,) = verifier.judge([GeneratedFile(path="tests/test_price.py", content=text)])
    assert verdict.verdict == "accepted", verdict


def test_a_replay_takes_place_when_the_first_run_did(make_verifier):
    from spec_to_production.results import GeneratedFile
    from spec_to_production.verification import Effort

    days = "import datetime\nimport shop\ndef test_day():\n    year = datetime.date.today().year\n"
    test = f"{days}    assert shop.parse(str(year)) == 2020\n"
    verifier = make_verifier(effort=Effort(flake_bound=0.99, began=1_600_000_000))
    (verdict,) = verifier.judge([GeneratedFile(path="tests/test_day.py", content=test)])
    assert verdict.verdict == "accepted", verdict


def test_what_cannot_run_says_why(verify):
    found = verify(
        syntax="def test_a(:\n    pass\n",
        importing="import nowhere_to_be_found\ndef test_b(): assert True\n",
        fixture="def test_c(no_such_fixture): assert True\n",
        skips="import pytest\n@pytest.mark.skip(reason='later')\ndef test_d(): assert False\n",
        hides="import pytest\n@pytest.mark.xfail\ndef test_e(): assert False\n",
        misses="class Helper:\n    def test_f(self): assert True\n",
        fails="def test_g(): assert 1 == 2\n",
        twice="def test_h(): assert True\ndef test_h(): assert True\n",
    )
    assert {test.id.rpartition("::")[2]: test.reason for test in found.tests} == {
        "test_a": "syntax_error",
        "test_b": "import_error",
        "test_c": "setup_error",
        "test_d": "skipped",
        "test_e": "hidden_failure",
        "test_f": "not_collected",
        "test_g": "fails",
        "test_h": "shadows",
    }


def test_spec_against_code_is_a_dispute_with_its_evidence(judge):
    found = judge(
        """
        import pytest
        import shop

        @pytest.mark.requirement("FR-2")
        def test_hundred_ships_free():
            assert shop.shipping(100) == 0

        def test_without_a_requirement():
            assert shop.shipping(100) == 0
        """
    )
    disputed = found["test_hundred_ships_free"]
    assert disputed.verdict == "disputed"
    assert disputed.dispute is not None
    assert disputed.dispute.requirement_id == "FR-2"
    assert "100 or more ships free" in disputed.dispute.requirement_text
    assert disputed.dispute.statement == "assert shop.shipping(100) == 0"
    assert (disputed.dispute.expected, disputed.dispute.actual) == ("0", "5")
    assert disputed.dispute.code_path == "src/shop.py"
    assert disputed.dispute.failures == disputed.runs
    assert found["test_without_a_requirement"].reason == "fails"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os._exit(0)", "unsafe"),
        ("import os; os.kill(os.getppid(), 9)", "unsafe"),
        ("import os\n    while True: os.fork()", "unsafe"),
        ("open('/tmp/spec-to-production-was-here', 'w')", "unsafe"),
        ("open(shop.__file__, 'a').write('#')", "unsafe"),
        ("shop.parse = lambda text: 1", "unsafe"),
        ("import sys; sys.modules['shop'] = object()", "unsafe"),
        ("import os; os.environ.get('GITHUB_TOKEN')", "unsafe"),
        ("import os; print(dict(os.environ))", "unsafe"),
        ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", "unsafe"),
        ("import pytest; pytest.exit('done')", "unsafe"),
        ("import os; [os.close(n) for n in (0, 1, 2)]; assert shop.parse('2') == 2", "unsafe"),
        (
            "import threading; threading.Timer(0.1, lambda: setattr(shop, 'parse', int)).start()",
            "unsafe",
        ),
        ("x = [0] * 10**10", "resource_limit"),
        ("print('x' * 200_000_000)", "resource_limit"),
        ("while True: pass", "timeout"),
    ],
)
def test_hostile_tests_are_survived_and_named(make_verifier, body, reason):
    from spec_to_production.results import GeneratedFile
    from spec_to_production.verification import Effort

    verifier = make_verifier(
        effort=Effort(flake_bound=0.7, test_timeout=2 if reason == "timeout" else 20)
    )
    hostile = f"import shop\ndef test_hostile():\n    {body}\n    assert shop.parse('1') == 1\n"
    good = "import shop\ndef test_good(): assert shop.parse('7') == 7\n"
    verdicts = verifier.judge(
        [
            GeneratedFile(path="tests/test_hostile.py", content=hostile),
            GeneratedFile(path="tests/test_good.py", content=good),
        ]
    )
    assert [(test.verdict, test.reason) for test in verdicts] == [
        ("rejected", reason),
        ("accepted", None),
    ]
