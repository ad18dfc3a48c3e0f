"""What verification costs: a component whose suite takes five seconds, and 60 candidates."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from judging import Judgement, git_checkout, verify

CANDIDATES = 60
SUITE_TESTS = 50
SUITE_TEST_S = 0.1
RUNS_MEASURED = 3


@dataclass(frozen=True)
class Cost:
    """Seconds of the suite, and of judging all candidates."""

    suite_s: float
    judgement: Judgement

    @property
    def ratio(self) -> float:
        """The verification's time, in times of the suite."""
        return self.judgement.seconds / self.suite_s


def measure(work: Path) -> Cost:
    """Build the component, run its suite, judge the candidates."""
    checkout = work / "measures"
    tests = work / "candidates"
    tests.mkdir()
    for folder in ("src", "tests"):
        (checkout / folder).mkdir(parents=True)
    (checkout / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["src"]\n')
    (checkout / "spec.md").write_text(_spec())
    (checkout / "src/measures.py").write_text("\n\n".join(map(_function, range(20))))
    (checkout / "tests/test_measures.py").write_text(_suite())
    for file in range(CANDIDATES // 6):
        (tests / f"test_measures_{file}.py").write_text(_candidates(file))
    git_checkout(checkout)
    started = time.monotonic()
    for _ in range(RUNS_MEASURED):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        subprocess.run(command, cwd=checkout, stdout=subprocess.DEVNULL, check=True)
    suite_s = (time.monotonic() - started) / RUNS_MEASURED
    return Cost(suite_s, verify(checkout, Path("src/measures.py"), tests))


def _spec() -> str:
    rows = [
        f"#### FR-{n}: Measure {n}\n**Priority**: High\n**Description**: `measure_{n}(values)` adds"
        f" up the values above {n} and takes {n} off; of nothing it is {-n}.\n"
        for n in range(20)
    ]
    return "# Measures\n\n## Requirements\n\n### Functional Requirements\n\n" + "\n".join(rows)


def _function(n: int) -> str:
    return (
        f"def measure_{n}(values):\n"
        f'    """The sum of what is above {n}, less {n}."""\n'
        f"    total = 0\n"
        f"    for value in values:\n"
        f"        if value > {n}:\n"
        f"            total += value\n"
        f"    return total - {n}\n"
    )


def _suite() -> str:
    return "import time\n\nimport measures\n\n\n" + "\n\n".join(
        f"def test_slow_{n}():\n"
        f"    time.sleep({SUITE_TEST_S})\n"
        f"    assert measures.measure_{n % 20}([]) == -{n % 20}\n"
        for n in range(SUITE_TESTS)
    )


def _candidates(file: int) -> str:
    tests = []
    for n in (file * 2, file * 2 + 1):
        mark = f'@pytest.mark.requirement("FR-{n}")\n'
        call = f"measures.measure_{n}"
        tests += [
            f"{mark}def test_{n}_leaves_out_what_is_equal():\n    assert {call}([{n}]) == {-n}\n",
            f"{mark}def test_{n}_adds_up():\n    assert {call}([{n + 1}, {n + 2}]) == {n + 3}\n",
            f"{mark}def test_{n}_leaves_out_small():\n    assert {call}([{n - 5}, {n + 1}]) == 1\n",
        ]
    return "import pytest\n\nimport measures\n\n\n" + "\n\n".join(tests)
