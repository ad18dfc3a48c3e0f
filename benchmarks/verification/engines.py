"""Mutants per second: the product, mutmut and cosmic-ray on one module with one suite, each of
them until the first test notices the mutant.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from corpus import CORPUS, Component
from judging import git_checkout, verify

CACHE = Path(__file__).parents[2] / ".cache" / "mutation-engines"
PACKAGES = ("mutmut==3.8.1", "cosmic-ray==8.7.0", "pytest>=8.3")
FILES = ("test_roman_writing.py", "test_roman_reading.py")
_CANDIDATE = "from roman import to_roman\n\n\ndef test_one():\n    assert to_roman(1) == 'I'\n"


@dataclass(frozen=True)
class Speed:
    """Mutants that were run, and the seconds that took; a note where it could not be measured."""

    name: str
    mutants: int = 0
    seconds: float = 0.0
    note: str = ""

    @property
    def per_second(self) -> float | None:
        """``None`` when nothing was measured."""
        return self.mutants / self.seconds if self.mutants and self.seconds else None


def measure(work: Path) -> list[Speed]:
    """Run all three, one after the other."""
    component = Component(CORPUS / "roman")
    suite = work / "suite"
    suite.mkdir()
    for name in FILES:
        source = (component.folder / "candidates" / name).read_text(encoding="utf-8")
        tree = _OnlyGood(component, name).visit(ast.parse(source))
        (suite / name).write_text(ast.unparse(tree), encoding="utf-8")
    ours = _ours(component, suite, work)
    problem = _install()
    if problem:
        return [ours, Speed("mutmut", note=problem), Speed("cosmic-ray", note=problem)]
    return [ours, _mutmut(component, suite, work), _cosmic_ray(component, suite, work)]


class _OnlyGood(ast.NodeTransformer):
    """A file of candidates without those that are not good."""

    def __init__(self, component: Component, place: str) -> None:
        self._component, self._place = component, place

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        inner = _OnlyGood(self._component, f"{self._place}::{node.name}")
        node.body = [each for each in map(inner.visit, node.body) if each]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef | None:
        candidate = self._component.candidate(f"{self._place}::{node.name}")
        return node if candidate is None or candidate.label == "good" else None


def _project(component: Component, suite: Path, to: Path) -> Path:
    checkout = component.checkout(to)
    for name in FILES:
        shutil.copy(suite / name, checkout / "tests")
    (checkout / "tests/test_roman.py").unlink()
    return checkout


def _ours(component: Component, suite: Path, work: Path) -> Speed:
    """The existing suite against the mutants, as the other two do it, in a run of ``verify``."""
    checkout = _project(component, suite, work / "ours" / component.name)
    candidate = work / "candidate"
    candidate.mkdir()
    (candidate / "test_one.py").write_text(_CANDIDATE, encoding="utf-8")
    judgement = verify(git_checkout(checkout), component.source, candidate)
    report = judgement.report
    if report is None:
        return Speed("spec-to-production", note=judgement.output[-300:])
    timings, mutants = report["timings"], report["mutants"]
    if not mutants:
        return Speed("spec-to-production", note="the report tells no count of mutants")
    return Speed("spec-to-production", mutants, timings["existing_mutation"] / 1000)


def _install() -> str:
    """Make the engines' own environment; a problem in words, or nothing."""
    if (CACHE / "ready").exists():
        return ""
    try:
        venv.create(CACHE, with_pip=True, clear=True)
        pip = [str(CACHE / "bin/python"), "-m", "pip", "install", "--quiet", *PACKAGES]
        subprocess.run(pip, check=True, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        return f"could not be installed: {getattr(error, 'stderr', None) or error}"[:300]
    (CACHE / "ready").touch()
    return ""


def _mutmut(component: Component, suite: Path, work: Path) -> Speed:
    checkout = _project(component, suite, work / "mutmut")
    with (checkout / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[tool.mutmut]\nsource_paths = ["src"]\n')
    _, output = _timed([str(CACHE / "bin/mutmut"), "run"], checkout)
    # Its own count and its own rate, without its preparations.
    done = re.findall(r"(\d+)/\d+ ", output)
    rate = re.search(r"([\d.]+) mutations/second", output)
    if not done or not rate:
        return Speed("mutmut", note=output[-300:])
    return Speed("mutmut", int(done[-1]), int(done[-1]) / float(rate[1]))


def _cosmic_ray(component: Component, suite: Path, work: Path) -> Speed:
    checkout = _project(component, suite, work / "cosmic-ray")
    python = CACHE / "bin/python"
    (checkout / "cosmic-ray.toml").write_text(
        "[cosmic-ray]\n"
        'module-path = "src/roman.py"\n'
        "timeout = 10.0\n"
        "excluded-modules = []\n"
        f'test-command = "{python} -m pytest -x -q"\n'
        '[cosmic-ray.distributor]\nname = "local"\n',
        encoding="utf-8",
    )
    tool = str(CACHE / "bin/cosmic-ray")
    _timed([tool, "init", "cosmic-ray.toml", "session.sqlite"], checkout)
    seconds, output = _timed([tool, "exec", "cosmic-ray.toml", "session.sqlite"], checkout)
    _, report = _timed([str(CACHE / "bin/cr-report"), "session.sqlite"], checkout)
    done = re.search(r"complete: (\d+)", report)
    return Speed("cosmic-ray", int(done[1]) if done else 0, seconds, (output + report)[-300:])


def _timed(command: list[str], cwd: Path) -> tuple[float, str]:
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
        env={"PATH": f"{CACHE / 'bin'}:/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8"},
    )
    return time.monotonic() - started, done.stdout + done.stderr
