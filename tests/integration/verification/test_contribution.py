"""What each test adds to the suite that was there."""

from __future__ import annotations

import json

import pytest

from spec_to_production.components import find_component, run_baseline
from spec_to_production.results import GeneratedFile
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot
from spec_to_production.verification import Effort

EXISTING = """
import shop

def test_price():
    assert shop.parse("12") == 12
"""

ADDED = """
import pytest

def test_no_price():
    \"""FR-1\"""
    from shop import PriceError, parse
    with pytest.raises(PriceError):
        parse("twelve")

def test_price_of_nothing():
    \"""FR-1\"""
    from shop import parse
    assert parse("0") == 0

def test_shipping():
    from shop import shipping
    assert (shipping(100), shipping(101)) == (5, 0)
"""


def line_of(shop, code):
    return f"src/shop.py:{shop.splitlines().index(code) + 1}"


@pytest.mark.parametrize("with_baseline", [True, False])
def test_the_lines_that_only_a_new_test_runs_are_told(
    make_verifier, folder, lean_python, with_baseline
):
    verifier = make_verifier(EXISTING)
    shop = (folder / "shop/src/shop.py").read_text()
    baseline = None
    if with_baseline:
        baseline = run_baseline(
            find_component("src/shop.py", folder / "shop"),
            Snapshot.take(folder / "shop", folder / "base"),
            Sandbox.prepare(folder / "sandbox", lean_python),
            folder / "baseline",
        )
    verifier.judge([GeneratedFile(path="tests/test_candidate.py", content=ADDED)])
    found = json.loads(verifier.conclude(baseline).model_dump_json())

    assert {test["id"].rpartition("::")[2]: test["new_lines"] for test in found["tests"]} == {
        "test_no_price": [line_of(shop, '        raise PriceError(f"{text!r} is no price")')],
        "test_price_of_nothing": [],
        "test_shipping": [line_of(shop, "    return 0 if ships > LIMIT else 5")],
    }


SLOW_FIRST = """
import time
import shop

def test_slow():
    time.sleep(2.5)

def test_prices():
    assert shop.parse("0") == 0
    with __import__("pytest").raises(shop.PriceError):
        shop.parse("twelve")
"""

DEADLY_FIRST = SLOW_FIRST.replace("time.sleep(2.5)", "import os; os._exit(3)")


@pytest.mark.parametrize(
    ("existing", "whole"), [(SLOW_FIRST, True), (DEADLY_FIRST, False)], ids=["slow", "deadly"]
)
def test_an_existing_test_hides_none_of_those_after_it(verify, existing, whole):
    found = verify(
        existing,
        Effort(flake_bound=0.5, test_timeout=2.0),
        again="""
        import pytest, shop

        def test_no_price():
            with pytest.raises(shop.PriceError):
                shop.parse("twelve")
        """,
    )
    assert [test.reason for test in found.tests] == ["redundant"]
    (check,) = (check for check in found.checks if check.name == "beside every existing test")
    assert check.made is whole
    assert ("test_shop.py::test_slow" in check.detail) is not whole


def test_a_mutant_that_only_makes_a_test_crash_is_killed_by_it_all_the_same(verify):
    found = verify(
        "import shop\n\ndef test_light():\n    assert shop.Parcel(1).price == 5\n",
        both="""
        import shop

        def test_both():
            shop.Parcel(2)
            assert shop.Parcel(1).price == 5
        """,
    )
    assert [(test.verdict, test.detail) for test in found.tests] == [("accepted", "")]


def test_rows_stay_where_one_of_them_adds_something(verify):
    found = verify(
        "import shop\n\ndef test_many():\n    assert shop.shipping(200) == 0\n",
        rows="""
        import pytest, shop

        @pytest.mark.parametrize(("ships", "price"), [(200, 0), (300, 0), (101, 0)])
        def test_the_table_adds_its_border(ships, price):
            assert shop.shipping(ships) == price

        @pytest.mark.parametrize("ships", [200, 300])
        def test_the_table_adds_nothing(ships):
            assert shop.shipping(ships) == 0
        """,
    )
    reasons = {test.id.rpartition("::")[2]: test.reason for test in found.tests}
    assert {name for name, reason in reasons.items() if reason == "redundant"} == {
        "test_the_table_adds_nothing[200]",
        "test_the_table_adds_nothing[300]",
    }
    assert len(reasons) == 5


TOLD = """
import logging

log = logging.getLogger("shop")

def pay(cents):
    log.warning("paid")
    return cents + 1
"""


def test_a_line_of_a_log_that_no_existing_test_asks_for_is_something_new(verify):
    found = verify(
        "import shop\n\ndef test_pay():\n    assert shop.pay(1) == 2\n",
        Effort(flake_bound=0.5, mutants=1),
        there={"src/shop.py": TOLD},
        told="""
        import shop

        def test_told(caplog):
            assert shop.pay(1) == 2
            assert caplog.messages == ["paid"]
        """,
    )
    assert [(test.verdict, test.detail) for test in found.tests] == [("accepted", "")]
