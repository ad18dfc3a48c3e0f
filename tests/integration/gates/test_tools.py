import pytest

from spec_to_production.gates import evaluate
from spec_to_production.results import (
    Component,
    GeneratedFile,
    Module,
    Refactoring,
    Spec,
    Verification,
)
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot
from support.repositories import reachable_folder, write_checkout

pytestmark = pytest.mark.integration

TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture
def place():
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def gates(place):
    """Judges a repository given as texts by path; returns the gates by name."""

    def judge(files, *, accepted=None, patch=""):
        root = write_checkout(place / "checkout", {"src/shop/price.py": "PRICE = 1\n", **files})
        component = Component(
            name="shop",
            path="src/shop",
            import_root="src",
            modules=(Module(path="src/shop/price.py", name="shop.price", lines=1),),
            test_files=tuple(name for name in files if name.startswith("tests/")),
            tests_dir="tests",
        )
        generated = [GeneratedFile(path=p, content=text) for p, text in (accepted or {}).items()]
        judged = evaluate(
            "staging",
            spec=Spec(path="spec.md", title="", source="", requirements=()),
            component=component,
            snapshot=Snapshot.take(root, place / "snapshot"),
            sandbox=Sandbox.prepare(place / "sandbox"),
            work=place / "work",
            baseline=None,
            verification=Verification(files=tuple(generated)),
            refactoring=Refactoring(status="kept", patch=patch) if patch else None,
        )
        return {gate.name: gate for gate in judged}

    return judge


def test_tidy_code_passes_and_what_nobody_asked_is_skipped_with_the_reason(gates):
    judged = gates({})

    assert judged["linting"].status == "passed"
    assert judged["security"].status == "passed"
    assert judged["type_checking"].status == "skipped"
    assert "no settings for mypy or pyright" in judged["type_checking"].detail


def test_the_linter_names_what_it_found_in_code_and_new_tests(gates):
    judged = gates(
        {"src/shop/price.py": "import os\n"},
        accepted={"tests/test_price_spec.py": "import sys\n"},
    )

    assert judged["linting"].status == "failed"
    assert judged["linting"].actual == 2
    assert "src/shop/price.py:1: F401" in judged["linting"].detail
    assert "tests/test_price_spec.py:1: F401" in judged["linting"].detail


def test_the_refactoring_is_part_of_what_is_judged(gates):
    patch = (
        "diff --git a/src/shop/price.py b/src/shop/price.py\n"
        "--- a/src/shop/price.py\n+++ b/src/shop/price.py\n"
        "@@ -1,2 +1 @@\n-import os\n PRICE = 1\n"
    )

    judged = gates({"src/shop/price.py": "import os\nPRICE = 1\n"}, patch=patch)

    assert judged["linting"].status == "passed"


def test_a_linter_that_cannot_run_is_an_error(gates):
    judged = gates({"ruff.toml": "selec = []\n"})

    assert judged["linting"].status == "error"
    assert "unknown field" in judged["linting"].detail


def test_a_type_checker_that_is_asked_for_and_missing_is_an_error(gates):
    judged = gates({"pyproject.toml": "[tool.pyright]\n"})

    assert judged["type_checking"].status == "error"
    assert "Name pyright in requirements" in judged["type_checking"].detail


@pytest.mark.parametrize(
    ("code", "status"), [("PRICE: int = 1\n", "passed"), ("PRICE: int = 'one'\n", "failed")]
)
def test_the_type_checker_that_the_project_is_set_up_for_decides(code, status, gates):
    judged = gates({"src/shop/price.py": code, "setup.cfg": "[mypy]\nstrict = true\n"})

    assert judged["type_checking"].status == status


def test_settings_that_break_the_type_checker_are_an_error(gates):
    judged = gates({"mypy.ini": "[mypy]\nplugins = absent_plugin\n"})

    assert judged["type_checking"].status == "error"


def test_a_planted_secret_fails_and_stays_failed(gates):
    planted = {
        "src/shop/price.py": f"KEY = '{TOKEN}'  # noqa  # nosec  # pragma: allowlist secret\n",
        ".secrets.baseline": "{}",
        "ruff.toml": "lint.ignore = ['S']\n",
    }

    judged = gates(planted)

    assert judged["security"].status == "failed"
    assert "src/shop/price.py:1" in judged["security"].detail
    assert TOKEN not in judged["security"].detail


def test_a_weak_spot_cannot_be_white_listed(gates):
    code = "# ruff: noqa\nimport subprocess\nsubprocess.run('ls *', shell=True)  # noqa: S602\n"

    judged = gates({"src/shop/price.py": code, "ruff.toml": "lint.ignore = ['S602']\n"})

    assert judged["security"].status == "failed"
    assert "S602" in judged["security"].detail


def test_the_pass_rate_is_of_existing_and_new_tests_together(gates):
    judged = gates(
        {"tests/test_price.py": "def test_red():\n    assert False\n"},
        accepted={
            "tests/test_price_spec.py": (
                "import pytest\nfrom shop.price import PRICE\n\n\n"
                "@pytest.mark.requirement('FR-1')\ndef test_price():\n    assert PRICE == 1\n"
            )
        },
    )

    assert judged["test_pass_rate"].actual == 50
    assert judged["test_pass_rate"].detail == "tests/test_price.py::test_red failed"


def test_tests_that_cannot_run_are_an_error(gates):
    judged = gates({"tests/test_price.py": "import absent\n"})

    assert judged["test_pass_rate"].status == "error"
    assert judged["test_pass_rate"].actual is None


def test_a_refactoring_that_does_not_apply_lets_nothing_pass_that_needs_it(gates):
    patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"

    judged = gates({"tests/test_price.py": "def test_a(): pass\n"}, patch=patch)

    needing = ("linting", "security", "test_pass_rate")
    assert {judged[name].status for name in needing} == {"error"}
