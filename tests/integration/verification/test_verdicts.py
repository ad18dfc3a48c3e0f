"""Every verdict and reason, from real runs of tests for a small component."""

from __future__ import annotations

import pytest

from spec_to_production.results import GeneratedFile
from spec_to_production.verification import Effort


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
    assert "It is skipped: later" in [test.detail for test in found.tests]


def test_a_fixture_that_is_not_there_is_told_with_where_it_would_come_from(make_verifier):
    fixture = "import pytest\n\n@pytest.fixture\ndef prices():\n    return [1]\n"
    tests = "def test_a(prices): pass\ndef test_b(nowhere): pass\n"
    verdicts = make_verifier().judge(
        [
            GeneratedFile(path="tests/new/conftest.py", content=fixture),
            GeneratedFile(path="tests/new/test_x.py", content=tests),
            GeneratedFile(path="tests/test_y.py", content="def test_c(prices): pass\n"),
        ]
    )
    not_taken = "comes from tests/new/conftest.py, which is not taken: put it into the test's file."
    assert [test.detail for test in verdicts if test.reason == "setup_error"] == [
        f"Its fixture `prices` {not_taken}",
        "There is no fixture `nowhere`.",
        "There is no fixture `prices`.",
    ]


def test_byte_order_marks_and_other_line_ends_are_of_no_account(make_verifier):
    shop = "\ufeffdef total(prices):\r\n    return sum(prices)\r\n"
    test = "\ufeffimport shop\r\n\r\ndef test_total():\r\n    assert shop.total([1, 2]) == 3\r\n"
    verifier = make_verifier(existing="", there={"src/shop.py": shop})
    (verdict,) = verifier.judge([GeneratedFile(path="tests/test_x.py", content=test)])
    assert verdict.verdict == "accepted", verdict
    (file,) = verifier.conclude(None).files
    assert file.content.splitlines() == test.removeprefix("\ufeff").splitlines()


def test_a_mark_that_is_not_listed_costs_only_the_tests_that_have_it(verify):
    found = verify(
        there={"pytest.ini": "[pytest]\naddopts = --strict-markers\nmarkers =\n    slow: slow\n"},
        one="""
        import pytest
        import shop

        @pytest.mark.unit
        def test_marked():
            assert shop.parse("1") == 1

        @pytest.mark.slow
        def test_listed():
            assert shop.parse("2") == 2

        @pytest.mark.parametrize("text", ["3", pytest.param("4", marks=pytest.mark.odd)])
        def test_rows(text):
            assert shop.parse(text) == int(text)
        """,
        other="""
        import pytest
        import shop

        unit = pytest.mark.unit

        def test_beside_an_alias():
            assert shop.total([1, 2]) == 3
        """,
    )
    verdicts = {test.id.rpartition("::")[2]: test for test in found.tests}
    assert {name: test.reason for name, test in verdicts.items()} == {
        "test_marked": "not_collected",
        "test_listed": None,
        "test_rows[3]": None,
        "test_rows[4]": "not_collected",
        "test_beside_an_alias": "fails",
    }
    assert "`unit`, which pytest.ini does not list" in verdicts["test_marked"].detail
    assert "'unit' not found in `markers`" in verdicts["test_beside_an_alias"].detail
    assert ["mark.unit" in file.content for file in found.files] == [False]


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
    assert "no requirement of the spec (which has FR-1, FR-2," in (
        found["test_without_a_requirement"].detail
    )


LAZY = """
import dataclasses
import enum

LIMIT = 100

class Level(enum.IntEnum):
    LOW = enum.auto()
    HIGH = enum.auto()

@dataclasses.dataclass
class Order:
    item: str
    ships: int = 2

def blocks(items, size):
    if size < 1:
        raise ValueError("size")
    for start in range(0, len(items), size):
        yield items[start : start + size]
"""


def test_code_that_never_comes_to_run_can_be_accused(judge):
    found = judge(
        """
        import pytest
        import shop
        from shop import Level, blocks
        from unittest.mock import Mock

        def refused():
            return pytest.raises(ValueError)

        def test_no_blocks_at_once_fr_1():
            with pytest.raises(ValueError):
                blocks([], 0)

        def test_no_blocks_in_a_call_fr_1():
            pytest.raises(ValueError, blocks, [], 0)

        def test_limit_fr_2():
            assert shop.LIMIT == 99

        def test_low_fr_2():
            lowest = min(Level)
            assert lowest == 0

        @pytest.fixture
        def order():
            return shop.Order("tea")

        def test_ships_fr_2(order):
            assert order.ships == 1

        class TestImports:
            def test_here_fr_2(self):
                from shop import LIMIT
                assert LIMIT == 98

        def test_elsewhere_fr_1():
            with refused():
                int("3")

        def test_of_a_mock_fr_1():
            order = Mock(spec=shop.Order)
            order.pay.assert_called_once()

        def test_a_slip_fr_1():
            assert shop.Order("tea", shipped=1).ships == 2
        """,
        there={"src/shop.py": LAZY},
        existing="",
    )
    assert {name: test.reason or test.verdict for name, test in found.items()} == {
        "test_no_blocks_at_once_fr_1": "disputed",
        "test_no_blocks_in_a_call_fr_1": "disputed",
        "test_limit_fr_2": "disputed",
        "test_low_fr_2": "disputed",
        "test_ships_fr_2": "disputed",
        "test_here_fr_2": "disputed",
        "test_elsewhere_fr_1": "fails",
        "test_of_a_mock_fr_1": "fails",
        "test_a_slip_fr_1": "fails",
    }


ASYNC = """
async def fetch(item):
    return len(item)
"""


def test_what_is_not_awaited_accuses_nobody(judge):
    found = judge(
        """
        import asyncio
        import shop

        def test_whole_fr_1():
            assert shop.fetch("tea") == 5

        def test_part_fr_1():
            assert shop.fetch("tea").real == 5

        def test_awaited_fr_1():
            assert asyncio.run(shop.fetch("tea")) == 5
        """,
        there={"src/shop.py": ASYNC, "pyproject.toml": ""},
        existing="",
    )
    assert {name: test.reason or test.verdict for name, test in found.items()} == {
        "test_whole_fr_1": "fails",
        "test_part_fr_1": "fails",
        "test_awaited_fr_1": "disputed",
    }
    told = "It does not await what an asynchronous function gave it: "
    assert found["test_whole_fr_1"].detail.startswith(f"{told}AssertionError: assert <coroutine")
    assert found["test_part_fr_1"].detail.startswith(f"{told}AttributeError: 'coroutine'")


def test_code_that_a_package_hands_on_can_be_accused(judge):
    found = judge(
        """
        import shop
        from shop import LIMIT

        def test_limit_fr_2():
            assert LIMIT == 99

        def test_limit_of_the_package_fr_2():
            assert shop.LIMIT == 99
        """,
        component="src/shop/__init__.py",
        there={
            "src/shop/__init__.py": "from shop.bounds import LIMIT\n",
            "src/shop/bounds.py": LAZY,
        },
        existing="",
    )
    assert {name: test.verdict for name, test in found.items()} == {
        "test_limit_fr_2": "disputed",
        "test_limit_of_the_package_fr_2": "disputed",
    }


def test_a_requirement_is_named_by_what_stands_around_a_test_as_well(judge):
    found = judge(
        """
        "FR-4"
        import shop

        class Contract:
            def test_by_the_class_it_is_collected_in(self):
                assert shop.shipping(self.ships) == 0

        class TestHundred(Contract):
            "FR-2"
            ships = 100

        class TestFR2:
            def test_by_its_class(self):
                assert shop.shipping(100) == 0

            # FR-1: prices
            def test_by_the_comment_above(self):
                assert shop.parse("1") == 2

        def test_by_the_file():
            assert len(shop.Cart("eva")) == 1
        """
    )
    assert {name: (test.verdict, *test.requirements) for name, test in found.items()} == {
        "test_by_the_class_it_is_collected_in": ("disputed", "FR-2"),
        "test_by_its_class": ("disputed", "FR-2"),
        "test_by_the_comment_above": ("disputed", "FR-1"),
        "test_by_the_file": ("disputed", "FR-4"),
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os._exit(0)", "unsafe"),
        ("import os; os.kill(os.getppid(), 9)", "unsafe"),
        pytest.param("import os\n    while True: os.fork()", "unsafe", marks=pytest.mark.alone),
        ("open('/tmp/spec-to-production-was-here', 'w')", "unsafe"),
        ("open(shop.__file__, 'a').write('#')", "unsafe"),
        ("shop.parse = lambda text: 1", "unsafe"),
        ("import sys; sys.modules['shop'] = object()", "unsafe"),
        ("import json; json.dumps = lambda thing: 'x'", "unsafe"),
        ("import json; json.JSONEncoder.encode = lambda self, thing: 'x'", "unsafe"),
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


def test_an_address_is_connected_to_and_a_name_is_looked_up(judge):
    found = judge(
        """
        import socket

        def test_of_an_address():
            socket.create_connection(("192.0.2.1", 80), 1)

        def test_of_a_long_address():
            socket.create_connection(("2001:db8::1", 80), 1)

        def test_of_a_name():
            socket.create_connection(("shop.invalid", 80), 1)
        """
    )
    assert {name: test.detail for name, test in found.items()} == {
        "test_of_an_address": "It opened a network connection to 192.0.2.1.",
        "test_of_a_long_address": "It opened a network connection to 2001:db8::1.",
        "test_of_a_name": "It looked up the network name shop.invalid.",
    }


def test_folders_of_a_run_are_left_out_of_what_a_test_says(judge):
    found = judge(
        """
        import tempfile
        from pathlib import Path

        import shop

        def test_of_tmp_path(tmp_path):
            \"\"\"FR-1\"\"\"
            assert str(tmp_path / shop.shipping.__name__) == "x"

        def test_of_tempfile():
            raise OSError(28, "too big", tempfile.gettempdir() + "/a.csv")
        """
    )
    told = {name: test.detail for name, test in found.items()}
    assert "+ …/test_of_tmp_path0/shipping" in told["test_of_tmp_path"]
    assert "'…/a.csv'" in told["test_of_tempfile"]
