"""Prove the corpus's labels by brute force, with nothing but pytest.

    python benchmarks/verification/prove_labels.py [component …] [--runs 50] [--repeats 400]

Hostile candidates are not run: their labels are plain to a reader. Everything else runs in
subprocesses with limits, in a copy. A label that does not hold is printed; the exit code is 1.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import outcomes_plugin
from corpus import Candidate, Component, components
from junk import KINDS, replace_with_junk

TIME_ZONES = ("UTC", "Etc/GMT-14", "Etc/GMT+12")
CLOCKS = ("2027-01-31T23:30:00", "2028-02-29T00:30:00", "2027-06-13T12:00:00")  # the last: a Sunday
RUNNABLE = (
    "good",
    "bug_revealing",
    "enshrines",
    "vacuous",
    "wrong",
    "flaky_50",
    "flaky_10",
    "flaky_2",
)
ORDERS = 10
RATES = {"flaky_50": (0.02, 0.98), "flaky_10": (0.04, 0.2), "flaky_2": (0.001, 0.06)}
"""Failure rates that fit a label; forks of one process share what its hash seed decides."""
FAILED = frozenset({"failed", "failed_by_assertion", "error"})
Outcomes = dict[str, str]


@dataclass(frozen=True)
class Project:
    """A copy of a component with its candidates in place."""

    component: Component
    folder: Path

    def node(self, candidate: Candidate) -> str:
        """What pytest calls a candidate here."""
        return f"{self.component.tests_dir}/{candidate.id}"

    def run(self, tests: Sequence[str], **env: str) -> Outcomes:
        """Run tests once, in the given order; see :meth:`runs`."""
        return next(iter(self.runs(tests, 1, **env)), {})

    def runs(self, tests: Sequence[str], count: int, **env: str) -> list[Outcomes]:
        """Run tests several times in forks of one process; outcomes by id for each run.

        ``env`` is what the plugin reads, and ``CWD``, the folder to run in.
        """
        cwd = env.pop("CWD", str(self.folder))
        with tempfile.NamedTemporaryFile() as report:
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    [
                        *(sys.executable, "-m", "pytest", "-q", "--tb=no"),
                        *("-p", outcomes_plugin.__name__),
                        *("-p", "no:cacheprovider", f"--rootdir={self.folder}"),
                        *("-c", str(self.folder / "pyproject.toml")),
                        *(str(self.folder / test) for test in tests),
                    ],
                    cwd=cwd,
                    env={
                        "PATH": os.environ["PATH"],
                        "HOME": str(self.folder),
                        "TMPDIR": str(self.folder.parent),
                        "PYTHONPATH": str(Path(__file__).parent),
                        "PYTHONDONTWRITEBYTECODE": "1",
                        "OUTCOMES": report.name,
                        "RUNS": str(count),
                        **env,
                    },
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=600,
                    check=False,
                    preexec_fn=_limit,
                )
            lines = Path(report.name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (240, 240))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))


def build(component: Component, to: Path) -> Project:
    """A copy with all candidates that do not replace a file and are no hostile plugin."""
    folder = component.checkout(to)
    for file in component.files:
        target = folder / component.tests_dir / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() and file.name != "conftest.py":
            shutil.copy(file, target)
    return Project(component, folder)


def mended(project: Project, to: Path) -> Project | None:
    """The same with the planted bug taken out."""
    if project.component.mend is None:
        return None
    shutil.copytree(project.folder, to)
    patch = ["patch", "-p1", "--silent", f"--input={project.component.mend}"]
    subprocess.run(patch, cwd=to, check=True)
    return Project(project.component, to)


def prove(component: Component, runs: int, repeats: int, work: Path) -> Iterator[str]:
    """What does not hold, one line each."""
    project = build(component, work / "project")
    batch = component.labelled(*RUNNABLE)
    results = _many_runs(project, [project.node(each) for each in batch], runs)
    rates = {each: results[project.node(each)] for each in batch}
    yield from _steady(rates)
    yield from _flaky(project, rates, repeats)
    yield from _planted_bug(project, mended(project, work / "mended"))
    yield from _vacuous(project, work)
    yield from _order(project)
    yield from _environment(project)
    yield from _never_run(project)
    yield from _in_the_text(component)


def _many_runs(project: Project, tests: list[str], runs: int) -> dict[str, Counter[str]]:
    """Each hash seed gets a process, each order a fork of it."""
    seeds = range(max(1, runs // ORDERS))
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        batches = pool.map(
            lambda seed: project.runs(tests, ORDERS, PYTHONHASHSEED=str(seed), SHUFFLE="1"), seeds
        )
        for outcomes in itertools.chain.from_iterable(batches):
            for test in tests:
                counted[test][outcome_of(test, outcomes)] += 1
    return counted


def outcome_of(test: str, outcomes: Outcomes) -> str:
    """The outcome of a test, its cases taken together: the worst of them."""
    cases = {
        outcome for name, outcome in outcomes.items() if name == test or name.startswith(f"{test}[")
    }
    order = ("error", "failed_by_assertion", "failed", "skipped", "xfailed", "passed")
    return next((outcome for outcome in order if outcome in cases), "not_run")


def _steady(rates: dict[Candidate, Counter[str]]) -> Iterator[str]:
    for candidate, counted in rates.items():
        always = {"passed"} if candidate.label in {"good", "vacuous", "enshrines"} else FAILED
        if candidate.label not in RATES and not counted.keys() <= always:
            yield _problem(candidate, f"is not steady: {dict(counted)}")


def _flaky(project: Project, rates: dict[Candidate, Counter[str]], repeats: int) -> Iterator[str]:
    """Both outcomes are seen, at about the rate that the label says."""
    flaky = [candidate for candidate in rates if candidate.label in RATES]
    tests = [project.node(candidate) for candidate in flaky]
    repeated = project.runs(tests, repeats) if tests else []
    for candidate in flaky:
        counted = Counter(rates[candidate])
        counted.update(outcome_of(project.node(candidate), outcomes) for outcomes in repeated)
        rate = sum(counted[outcome] for outcome in FAILED) / max(1, counted.total())
        least, most = RATES[candidate.label]
        print(f"  {candidate.label:9} {rate:6.1%} of {counted.total()} runs  {candidate.id}")
        if not least <= rate <= most:
            yield _problem(candidate, f"fails in {rate:.1%} of runs, not {least:.1%} to {most:.1%}")


def _planted_bug(project: Project, without: Project | None) -> Iterator[str]:
    if without is None:
        return
    checked = project.component.labelled("good", "bug_revealing", "enshrines", "wrong")
    outcomes = without.run([without.node(each) for each in checked])
    for candidate in checked:
        outcome = outcome_of(without.node(candidate), outcomes)
        if (outcome == "passed") != (candidate.label in {"good", "bug_revealing"}):
            yield _problem(candidate, f"{outcome} when the planted bug is taken out")


def _vacuous(project: Project, work: Path) -> Iterator[str]:
    """A vacuous test does not notice that the component is junk.

    Not noticing is: passing though every function raises, passing with both kinds of junk, or
    never failing by an assertion.
    """
    checked = project.component.labelled("vacuous")
    seen: dict[Candidate, dict[str, str]] = defaultdict(dict)
    for kind in KINDS:
        folder = work / f"junk-{kind}"
        shutil.copytree(project.folder, folder)
        replace_with_junk(folder / project.component.source, kind)
        junk = Project(project.component, folder)
        outcomes = junk.run([junk.node(each) for each in checked], SECONDS="5")
        for candidate in checked:
            seen[candidate][kind] = outcome_of(junk.node(candidate), outcomes)
    for candidate, by_kind in seen.items():
        if not (
            by_kind["raising"] == "passed"
            or by_kind["truthy"] == by_kind["falsy"] == "passed"
            or "failed_by_assertion" not in by_kind.values()
        ):
            yield _problem(candidate, f"against junk: {by_kind}")


def _order(project: Project) -> Iterator[str]:
    component = project.component
    existing = [
        str(path.relative_to(component.folder))
        for path in sorted((component.folder / component.tests_dir).glob("test_*.py"))
    ]
    others = [project.node(each) for each in component.labelled("good")]
    for candidate in component.labelled("order_dependent"):
        test = project.node(candidate)
        mates = [
            project.node(each)
            for each in component.candidates
            if each.file == candidate.file and each.label != "hostile"
        ]
        orders = ([test], mates, mates[::-1], [test, *existing, *others], [*others, test])
        seen: dict[str, set[str]] = defaultdict(set)
        for order in orders:
            for name, outcome in project.run(list(dict.fromkeys(order))).items():
                seen[name].add(outcome)
        for name, outcome in project.run([*existing, *others]).items():
            seen[name].add(outcome)
        mixed = {name for name, found in seen.items() if "passed" in found and len(found) > 1}
        flaky = {project.node(each) for each in component.labelled(*RATES)}
        if not mixed - flaky:
            yield _problem(candidate, "no order changes any outcome")


def _environment(project: Project) -> Iterator[str]:
    candidates = project.component.labelled("environment_dependent")
    if not candidates:
        return
    tests = [project.node(each) for each in candidates]
    seen: dict[str, set[str]] = defaultdict(set)
    variations = [{"TZ": zone, "TRAVEL": clock} for zone in TIME_ZONES for clock in CLOCKS]
    for env in ({}, {"CWD": "/"}, *variations):
        outcomes = project.run(tests, **env)
        for test in tests:
            seen[test].add(outcome_of(test, outcomes))
    for candidate in candidates:
        found = seen[project.node(candidate)]
        if "passed" not in found or len(found) == 1:
            yield _problem(candidate, f"the same everywhere: {found}")


def _never_run(project: Project) -> Iterator[str]:
    for candidate in project.component.labelled("broken", "hidden"):
        outcomes = project.run([f"{project.component.tests_dir}/{candidate.file}"])
        outcome = outcome_of(project.node(candidate), outcomes)
        # A missing plugin or a missing import within the test fails the test itself.
        hidden = candidate.label == "hidden"
        if outcome not in ({"skipped", "xfailed"} if hidden else FAILED | {"not_run"}):
            yield _problem(candidate, f"is {outcome}")


def _in_the_text(component: Component) -> Iterator[str]:
    """What needs no run: names that stand twice, and tests that are there already."""
    existing: dict[str, Path] = {}
    for path in (component.folder / component.tests_dir).glob("test_*.py"):
        existing |= {ast.dump(ast.Module(f.body, [])): path for f in _functions(path)}
    for candidate in component.labelled("shadows", "redundant"):
        path = component.folder / "candidates" / candidate.file
        name = candidate.id.rpartition("::")[2]
        same = [function for function in _functions(path) if function.name == name]
        if candidate.label == "redundant":
            if ast.dump(ast.Module(same[0].body, [])) not in existing:
                yield _problem(candidate, "no existing test has its body")
        elif len(same) == 1 and not (component.folder / component.tests_dir / path.name).exists():
            yield _problem(candidate, "its name stands once")


def _functions(path: Path) -> Iterable[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _problem(candidate: Candidate, what: str) -> str:
    return f"{candidate.component}: {candidate.label}: {candidate.id}: {what}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Prove the labels of the corpus.")
    parser.add_argument("components", nargs="*", help="all when left out")
    parser.add_argument("--runs", type=int, default=50, help="runs of every candidate")
    parser.add_argument("--repeats", type=int, default=400, help="repeats of each flaky test")
    options = parser.parse_args()
    problems = []
    for component in components(tuple(options.components)):
        print(f"{component.name}: {len(component.candidates)} candidates", flush=True)
        with tempfile.TemporaryDirectory() as work:
            found = list(prove(component, options.runs, options.repeats, Path(work)))
        problems += found
        for problem in found:
            print(f"  NOT PROVEN {problem}", flush=True)
    hostile = sum(len(each.labelled("hostile")) for each in components())
    print(f"\n{len(problems)} labels not proven; {hostile} hostile candidates were not run.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
