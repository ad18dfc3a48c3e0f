import pytest

from spec_to_production.components import find_component, run_baseline
from spec_to_production.sandbox import Limits
from spec_to_production.snapshot import Snapshot, git

pytestmark = pytest.mark.integration

SOURCE = {
    "src/calc/__init__.py": "",
    "src/calc/ops.py": "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n",
}
TEST = "from calc.ops import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"


@pytest.fixture
def baseline(project, place, sandbox):
    def baseline(files, **given):
        root = project(SOURCE | files)
        git("init", "--quiet", cwd=root)
        snapshot = Snapshot.take(root, place / "base")
        component = find_component("calc", snapshot.path)
        return run_baseline(component, snapshot, sandbox, place / "baseline", **given)

    return baseline


def test_the_existing_tests_and_their_coverage(baseline, place):
    result = baseline({"tests/test_calc.py": TEST})

    assert result.status == "passed"
    assert [test.id for test in result.tests] == ["tests/test_calc.py::test_add"]
    assert result.coverage.percent == 75
    assert result.coverage.missing_in("src/calc/ops.py") == (6,)
    assert result.duration_ms > 0


def test_red_tests_are_named(baseline):
    result = baseline({"tests/test_calc.py": TEST.replace("3", "4")})

    assert result.status == "failed"
    assert result.detail == "1 of 1 tests fail: tests/test_calc.py::test_add"


def test_a_component_without_tests_is_uncovered_in_every_line(baseline):
    result = baseline({})

    assert result.status == "no_tests"
    assert result.coverage.percent == 0
    assert result.coverage.missing_in("src/calc/ops.py") == (1, 2, 5, 6)


def test_tests_cannot_change_the_base_or_the_checkout(baseline, place):
    vandal = """
from pathlib import Path
import calc.ops

def test_vandal():
    Path(calc.ops.__file__).write_text("")
"""
    result = baseline({"tests/test_calc.py": vandal})

    assert result.status == "passed"
    assert (place / "base/src/calc/ops.py").read_text() == SOURCE["src/calc/ops.py"]
    assert (place / "repo/src/calc/ops.py").read_text() == SOURCE["src/calc/ops.py"]


def test_a_suite_that_never_ends_is_stopped(baseline):
    result = baseline({"tests/test_calc.py": "while True:\n    pass\n"}, limits=Limits(wall_s=4))

    assert result.status == "error"
    assert "stopped after 4 s" in result.detail
