import os
import subprocess

import pytest

pytestmark = pytest.mark.integration

UNTIDY = """\
import sys
import os
from typing import Optional

def price(net: float, rate: Optional[float] = None) -> float:
    if not rate is None:
        return net*(1+rate)
    return net
"""
PRICE_TEST = """\
from shop.price import price

def test_price():
    assert price(100) == 100
    assert price(100, 0.5) == 150
"""
NEEDS_OS = """\
from unittest import mock

def test_needs_the_import():
    with mock.patch("shop.price.os"):
        pass
"""


def statuses(refactoring):
    return {step.name: step.status for step in refactoring.steps}


def applied(root, patch):
    subprocess.run(["git", "apply", "-"], cwd=root, input=patch, text=True, check=True)
    return (root / "src/shop/price.py").read_text("utf-8")


def test_safe_fixes_and_layout_are_kept_when_the_tests_end_as_before(checkout, case):
    root = checkout({"price": UNTIDY}, {"price": PRICE_TEST})

    refactoring = case(root).refactor()

    assert refactoring.status == "kept"
    assert "1 test ends as before" in refactoring.detail
    assert applied(root, refactoring.patch) == (
        "def price(net: float, rate: float | None = None) -> float:\n"
        "    if not rate is None:\n"
        "        return net * (1 + rate)\n"
        "    return net\n"
    )


def test_the_checkout_itself_is_only_read(checkout, case):
    root = checkout({"price": UNTIDY}, {"price": PRICE_TEST})
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    case(root).refactor()

    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_only_the_modules_of_the_component_change(checkout, case):
    root = checkout(
        {"price": UNTIDY}, {"price": "import sys\n" + PRICE_TEST}, setup__py="import sys\n"
    )

    patch = case(root).refactor().patch

    changed = [line for line in patch.splitlines() if line.startswith("+++ ")]
    assert changed == ["+++ b/src/shop/price.py"]


def test_a_fix_that_breaks_a_test_costs_only_itself(checkout, case):
    root = checkout({"price": UNTIDY}, {"price": PRICE_TEST, "needs": NEEDS_OS})

    refactoring = case(root).refactor()

    assert refactoring.status == "kept"
    assert statuses(refactoring)["ruff F"] == "dropped"
    assert statuses(refactoring)["ruff UP"] == "kept"
    dropped = next(step for step in refactoring.steps if step.name == "ruff F")
    assert "test_needs_the_import passed before, now failed" in dropped.detail
    assert "import os" in applied(root, refactoring.patch)


def test_an_import_that_another_module_takes_from_here_is_not_removed(checkout, case):
    root = checkout(
        {"price": UNTIDY, "cart": "from shop.price import os\n\nSEP = os.sep\n"},
        {"price": PRICE_TEST},
    )

    refactoring = case(root).refactor()

    dropped = next(step for step in refactoring.steps if step.name == "ruff F")
    assert dropped.status == "dropped"
    assert dropped.detail.startswith("src/shop/cart.py: takes from shop.price")


def test_an_import_that_is_reached_through_the_module_is_not_removed(checkout, case):
    root = checkout(
        {"price": UNTIDY, "cart": "from . import price\n\nSEP = price.os.sep\n"},
        {"price": PRICE_TEST},
    )

    refactoring = case(root).refactor()

    dropped = next(step for step in refactoring.steps if step.name == "ruff F")
    assert "shop.cart cannot be imported any more" in dropped.detail


def test_without_a_passing_test_only_the_layout_changes(checkout, case):
    root = checkout({"price": UNTIDY})

    refactoring = case(root).refactor()

    assert statuses(refactoring) == {
        "ruff UP": "dropped",
        "ruff F": "dropped",
        "ruff I": "dropped",
        "ruff format": "kept",
    }
    assert "No test of the component passes" in refactoring.steps[0].detail
    assert "import os" in applied(root, refactoring.patch)


def test_a_red_test_stays_as_red_as_it_was(checkout, case):
    red = PRICE_TEST + "\ndef test_red():\n    assert price(100) == 1\n"
    root = checkout({"price": UNTIDY}, {"price": red})

    assert case(root).refactor().status == "kept"


def test_settings_that_ruff_refuses_fail_the_refactoring_with_its_words(checkout, case):
    root = checkout({"price": UNTIDY}, {"price": PRICE_TEST}, ruff__toml="selec = ['F']\n")

    refactoring = case(root).refactor()

    assert refactoring.status == "failed"
    assert "unknown field `selec`" in refactoring.detail
    assert refactoring.patch == ""


def test_the_rules_of_the_project_decide(checkout, case):
    root = checkout({"price": UNTIDY}, {"price": PRICE_TEST}, ruff__toml="lint.select = ['F401']\n")

    assert set(statuses(case(root).refactor())) == {"ruff F", "ruff format"}


def test_a_project_with_another_formatter_keeps_its_layout(checkout, case):
    root = checkout({"price": "x = {'a':1}\n"}, pyproject__toml="[tool.black]\nline-length = 100\n")

    refactoring = case(root).refactor()

    assert refactoring.status == "nothing_to_do"
    assert "black" in refactoring.steps[0].detail


def test_a_module_that_does_not_compile_is_left_alone(checkout, case):
    root = checkout({"price": UNTIDY, "broken": "def f(:\n"}, {"price": PRICE_TEST})

    refactoring = case(root).refactor()

    assert refactoring.status == "kept"
    assert "broken" not in refactoring.patch


def test_the_patch_keeps_the_line_ends_of_the_file(checkout, case):
    root = checkout({})
    path = root / "src/shop/price.py"
    path.write_bytes(b"import os\r\nPRICE = {'a':1}\r\n")

    patch = case(root).refactor().patch

    subprocess.run(["git", "apply", "-"], cwd=root, input=patch.encode(), check=True)
    assert path.read_bytes() == b'import os\r\n\r\nPRICE = {"a": 1}\r\n'


def test_a_module_in_another_encoding_is_left_alone(checkout, case):
    root = checkout({"price": UNTIDY})
    (root / "src/shop/old.py").write_bytes("# coding: latin-1\nx = 'ü'\n".encode("latin-1"))

    patch = case(root).refactor().patch

    assert "old.py" not in patch
    assert "price.py" in patch


def test_tidy_code_is_nothing_to_do(checkout, case):
    root = checkout({"price": "PRICE = 1\n"})

    refactoring = case(root).refactor()

    assert refactoring.status == "nothing_to_do"
    assert refactoring.patch == ""


def test_accepted_tests_that_end_otherwise_drop_the_step_that_is_responsible(checkout, case):
    root = checkout({"price": UNTIDY}, {"price": PRICE_TEST})
    shop = case(root)
    refactoring = shop.refactor()
    assert statuses(refactoring)["ruff F"] == "kept"

    again = shop.recheck(refactoring, {"tests/test_price_spec.py": NEEDS_OS})

    assert again.status == "kept"
    assert statuses(again)["ruff F"] == "dropped"
    assert "import os" in applied(root, again.patch)


def test_accepted_tests_that_pass_leave_the_patch_as_it_was(checkout, case):
    shop = case(checkout({"price": UNTIDY}, {"price": PRICE_TEST}))
    refactoring = shop.refactor()

    again = shop.recheck(
        refactoring, {"tests/test_price_spec.py": PRICE_TEST.replace("test_price", "test_again")}
    )

    assert again.patch == refactoring.patch
    assert "Tested again" in again.detail


def test_accepted_tests_run_where_a_project_refuses_marks_that_it_does_not_know(checkout, case):
    root = checkout(
        {"price": UNTIDY},
        {"price": PRICE_TEST},
        pytest_options="--strict-markers",
    )
    shop = case(root)
    marked = PRICE_TEST.replace("def test", "@pytest.mark.requirement('FR-1')\ndef test")

    again = shop.recheck(shop.refactor(), {"tests/test_price_spec.py": "import pytest\n" + marked})

    assert "Tested again" in again.detail


def test_accepted_tests_can_be_the_first_that_show_a_step_to_be_safe(checkout, case):
    shop = case(checkout({"price": UNTIDY}))
    refactoring = shop.refactor()
    assert statuses(refactoring)["ruff UP"] == "dropped"

    again = shop.recheck(refactoring, {"tests/test_price_spec.py": PRICE_TEST})

    assert statuses(again)["ruff UP"] == "kept"


def test_a_refactoring_that_cannot_be_tested_again_is_dropped(checkout, case):
    shop = case(checkout({"price": UNTIDY}, {"price": PRICE_TEST}))

    again = shop.recheck(shop.refactor(), {"tests/test_price_spec.py": "import absent\n"})

    assert again.status == "dropped"
    assert "could not be tested again" in again.detail
    assert again.patch == ""


PLANTS = """\
import os, shutil, sys

def plant(link, target):
    if os.path.isdir(link) and not os.path.islink(link):
        shutil.rmtree(link)
    elif os.path.lexists(link):
        os.unlink(link)
    os.symlink(target, link)

plant("tests", OUTSIDE)
for path in (*os.listdir(), *sys.argv[1:]):
    if os.path.isfile(path):
        plant(path, os.path.join(OUTSIDE, "private.json"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may read and write there")
def test_nothing_that_the_component_plants_leads_us_out_of_the_copy(checkout, case, place):
    outside = place / "outside"
    outside.mkdir(mode=0o755)
    (outside / "private.json").write_text('{"auths": "private"}')
    (outside / "private.json").chmod(0o600)
    shop = case(checkout({"price": PLANTS.replace("OUTSIDE", repr(str(outside)))}))

    seen = shop.observe({"tests/test_price_spec.py": PRICE_TEST})

    assert [path.name for path in outside.iterdir()] == ["private.json"]
    assert "auths" not in seen.broken


@pytest.mark.parametrize(
    ("left", "broken"),
    [
        ("os.unlink(path), os.mkfifo(path)", {}),
        (
            "print('[' * 9**6, file=open(path, 'w'))",
            {"shop.price": "importing ended the process (0)"},
        ),
    ],
)
def test_what_the_component_leaves_of_our_record_holds_nobody_up(checkout, case, left, broken):
    source = f"""\
import atexit, os, sys

@atexit.register
def leave():
    path = sys.argv[1]
    {left}
"""
    shop = case(checkout({"price": source}))

    assert shop.observe({}).broken == broken
