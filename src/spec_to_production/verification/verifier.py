"""The story of verification: from generated files to a verdict on every test in them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from spec_to_production.results import (
    Baseline,
    Component,
    GeneratedFile,
    RequirementTests,
    Spec,
    TestVerdict,
    Verification,
)
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot
from spec_to_production.verification import flakiness, mutation, trials
from spec_to_production.verification.candidates import Candidate, essences_in, read
from spec_to_production.verification.disputes import dispute_of
from spec_to_production.verification.evidence import (
    Case,
    Ruling,
    is_real,
    why_vacuous,
)
from spec_to_production.verification.interpreter import Interpreters, install_runner
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.repetition import Repetition
from spec_to_production.verification.runs import Place
from spec_to_production.verification.salvage import salvaged


@dataclass(frozen=True)
class Effort:
    """How much verification does.

    Attributes:
        flake_bound: Smallest failure rate of a test that is caught with 99.9 %.
        test_timeout: Seconds that one test may take.
        seed: Decides every order, random number and sample.
        workers: Runs side by side.
        mutants: Most mutants that every test is run against. A test that none of them tells
            of is run against all that it reaches.
    """

    flake_bound: float = 0.1
    test_timeout: float = 10.0
    seed: int = 0
    workers: int = 2
    mutants: int = 300


class Verifier:
    """Judges generated tests by running them.

    Args:
        spec: Whose requirements the tests stand for.
        component: What they test.
        snapshot: The checkout, without the tests to judge.
        baseline: How the existing suite fares on it.
        sandbox: Where tests run.
        effort: How much is done.
        work: A folder for copies of the checkout.
        progress: Told in words what happens.
    """

    def __init__(
        self,
        *,
        spec: Spec,
        component: Component,
        snapshot: Snapshot,
        baseline: Baseline | None,
        sandbox: Sandbox,
        effort: Effort,
        work: Path,
        progress: Callable[[str], None],
    ) -> None:
        self._spec, self._component, self._baseline = spec, component, baseline
        self._snapshot, self._sandbox, self._effort = snapshot, sandbox, effort
        self._progress = progress
        work.mkdir(parents=True, exist_ok=True)
        checkout = snapshot.copy(work / "checkout")
        shutil.rmtree(checkout / ".git")
        sandbox.admit(checkout)
        self._place = Place(
            root=checkout,
            component=tuple(module.path for module in component.modules),
            modules=tuple(module.name for module in component.modules),
            import_root=component.import_root,
            tmp=sandbox.home / "tmp",
        )
        (work / "runner").mkdir()
        sandbox.admit(work / "runner")
        self._runner = install_runner(sandbox, work / "runner")
        self._sources = {
            path: (checkout / path).read_text("utf-8") for path in self._place.component
        }
        self._mutants = [
            mutant
            for path, source in self._sources.items()
            for mutant in mutation.mutants_of(path, source)
        ]
        self._essences = essences_in([checkout / path for path in component.test_files])
        self._cases: list[Case] = []
        self._inputs: list[GeneratedFile] = []
        self._timings: dict[str, float] = {}

    def judge(self, files: Sequence[GeneratedFile]) -> tuple[TestVerdict, ...]:
        """A verdict on every test of one batch, each judged on its own and beside the others."""
        self._inputs += files
        candidates = self._placed(files)
        with Interpreters(self._sandbox, self._place, self._runner, self._effort.workers) as pool:
            cases = self._judged(pool, candidates)
        self._cases += cases
        return tuple(self._verdict(case) for case in cases)

    def _judged(self, pool: Interpreters, candidates: Sequence[Candidate]) -> list[Case]:
        patience = self._effort.test_timeout
        with self._phase("collection", f"collecting {len(candidates)} files"):
            ids = [requirement.id for requirement in self._spec.requirements]
            cases = trials.collected(pool, candidates, ids)
        with self._phase("alone", f"{len(cases)} tests, each alone"):
            cases = trials.run_alone(pool, cases, patience)
        with self._phase("repeats", "repeats in changing circumstances"):
            cases = self._repeated(pool, cases)
        with self._phase("nulls", "null implementations"):
            cases = trials.against_nulls(pool, cases, self._sources, patience)
        with self._phase("mutation", "mutants"):
            cases = self._mutated(pool, cases)
        return self._accepted(cases)

    def _placed(self, files: Sequence[GeneratedFile]) -> list[Candidate]:
        candidates = []
        for file in files:
            candidate = read(file, self._place.root, self._component)
            if candidate.refused is None:
                target = self._place.root / candidate.placed
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(candidate.content, "utf-8")
                self._sandbox.admit(target.parent)
            candidates.append(candidate)
        return candidates

    def _repeated(self, pool: Interpreters, cases: list[Case]) -> list[Case]:
        group = {case.id: case for case in cases if case.ruling is None}
        count = flakiness.repeats(self._effort.flake_bound)
        repetition = Repetition(pool, group, self._effort.test_timeout)
        if group:
            repetition.run(
                list(
                    flakiness.variations(
                        tuple(group),
                        count,
                        self._effort.seed,
                        time.time(),
                        flakiness.known_locales(),
                    )
                )
            )
        return [repetition.cases.get(case.id, case) for case in cases]

    def _mutated(self, pool: Interpreters, cases: list[Case]) -> list[Case]:
        effort = self._effort
        everyone = mutation.sample(self._mutants, effort.mutants, effort.seed)
        cases = trials.against_mutants(pool, cases, everyone, self._sources, effort.test_timeout)
        doubtful = [case for case in cases if case.ruling is None and not is_real(case)]
        rest = self._reached_by(doubtful, set(everyone))
        doubtful = trials.against_mutants(pool, doubtful, rest, self._sources, effort.test_timeout)
        by_id = {case.id: case for case in doubtful}
        return [by_id.get(case.id, case) for case in cases]

    def _reached_by(self, cases: Sequence[Case], tried: set[Mutant]) -> list[Mutant]:
        return [
            mutant
            for mutant in self._mutants
            if mutant not in tried and any(trials.reaches(case, mutant) for case in cases)
        ]

    def _accepted(self, cases: Sequence[Case]) -> list[Case]:
        judged = []
        for case in cases:
            if case.ruling is not None:
                judged.append(case)
            elif not is_real(case):
                judged.append(case.rejected("vacuous", why_vacuous(case)))
            else:
                judged.append(self._unless_redundant(case))
        return judged

    def _unless_redundant(self, case: Case) -> Case:
        if case.function is not None and "[" not in case.id:
            twin = self._essences.setdefault(case.function.essence, case.function.name)
            if twin != case.function.name:
                return case.rejected("redundant", f"It does the same as {twin}, word for word.")
        return replace(case, ruling=Ruling("accepted", None, ""))

    def conclude(self) -> Verification:
        """All batches together."""
        tests = tuple(self._verdict(case) for case in self._cases)
        return Verification(
            tests=tests,
            files=self._files(),
            requirements=self._ledger(),
            mutants=len(self._mutants),
            timings=self._timings,
            seed=self._effort.seed,
        )

    def _files(self) -> tuple[GeneratedFile, ...]:
        files = []
        for candidate in dict.fromkeys(case.candidate for case in self._cases):
            mine = [case for case in self._cases if case.candidate == candidate]
            lost = {
                case.function.name
                for case in mine
                if case.function and _verdict_name(case) != "accepted"
            }
            keep = {
                case.function.name
                for case in mine
                if case.function and case.function.name not in lost
            }
            text = salvaged(candidate, keep)
            if text is not None:
                files.append(GeneratedFile(path=candidate.placed, content=text))
        return tuple(files)

    def _ledger(self) -> tuple[RequirementTests, ...]:
        rows = []
        for requirement in self._spec.requirements:
            named = [case for case in self._cases if requirement.id in case.requirements]
            proving = [case for case in named if _verdict_name(case) == "accepted"]
            disputed = [case for case in named if _verdict_name(case) == "disputed"]
            killed = {kill.mutant.id for case in proving for kill in case.kills}
            rows.append(
                RequirementTests(
                    id=requirement.id,
                    state="disputed" if disputed else "proven" if proving else "untested",
                    tests=tuple(case.id for case in proving),
                    disputed=tuple(case.id for case in disputed),
                    mutants_killed=len(killed),
                )
            )
        return tuple(rows)

    def _verdict(self, case: Case) -> TestVerdict:
        ruling = case.ruling
        assert ruling is not None  # noqa: S101 - every case was judged
        return TestVerdict(
            id=case.id,
            verdict=ruling.verdict,
            reason=ruling.reason,
            detail=ruling.detail,
            requirements=case.requirements,
            runs=len(case.outcomes),
            duration_ms=case.duration_ms,
            mutants_killed=tuple(kill.mutant.id for kill in case.kills),
            code=case.function.code if case.function else "",
            line=case.function.line if case.function else None,
            dispute=dispute_of(case, self._spec) if ruling.verdict == "disputed" else None,
        )

    @contextmanager
    def _phase(self, name: str, words: str) -> Iterator[None]:
        self._progress(words)
        started = time.monotonic()
        yield
        elapsed = (time.monotonic() - started) * 1000
        self._timings[name] = round(self._timings.get(name, 0.0) + elapsed, 1)


def _verdict_name(case: Case) -> str:
    return case.ruling.verdict if case.ruling else ""
