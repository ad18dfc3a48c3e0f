"""The story of verification: from generated files to a verdict on every test in them."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from spec_to_production import probes, syntax
from spec_to_production.components import EXISTING_TEST_S, package_files
from spec_to_production.reporting import words
from spec_to_production.results import (
    Baseline,
    Check,
    Component,
    EffortRecord,
    GeneratedFile,
    Spec,
    TestVerdict,
    VerdictName,
    Verification,
)
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot
from spec_to_production.verification import flakiness, trials
from spec_to_production.verification.candidates import Candidate, read
from spec_to_production.verification.collection import collected
from spec_to_production.verification.confirmation import end_the_same
from spec_to_production.verification.contribution import (
    adds_at_once,
    coverage_change,
    ledger,
    mutation_change,
    named_in,
    new_lines,
)
from spec_to_production.verification.counterexamples import searched
from spec_to_production.verification.definitions import essences_in
from spec_to_production.verification.disputes import dispute_of
from spec_to_production.verification.evidence import Case, Ruling
from spec_to_production.verification.fixtures import explained
from spec_to_production.verification.interpreter import Interpreters, install_runner
from spec_to_production.verification.mutation import Mutant, mutants_of
from spec_to_production.verification.naming import shown
from spec_to_production.verification.noticing import is_real, why_vacuous
from spec_to_production.verification.repetition import Repetition
from spec_to_production.verification.runs import Place
from spec_to_production.verification.salvage import run_alone_in_files, salvage
from spec_to_production.verification.selection import Selection, against_selection, sample
from spec_to_production.verification.survivors import Survivors
from spec_to_production.verification.together import SuiteRun, run_existing, run_together

_A_REPLAY_S = 3600
_QUICK_MS = 250
_PYTHON = platform.python_version()


@dataclass(frozen=True)
class Effort:
    """How much verification does.

    Attributes:
        flake_bound: Smallest failure rate of a test that is caught with 99.9 %.
        test_timeout: Seconds that one test may take.
        seed: Decides every order, random number and sample.
        began: When the run began, in seconds since 1970; a replay's clock goes back to it.
        workers: Runs side by side.
        mutants: Most mutants that every test is run against. A test that none of them tells
            of is run against all that it reaches.
    """

    flake_bound: float = 0.1
    test_timeout: float = 10.0
    seed: int = 0
    began: float = field(default_factory=time.time)
    workers: int = 2
    mutants: int = 300


class Verifier:
    """Judges generated tests by running them.

    Args:
        spec: Whose requirements the tests stand for.
        component: What they test.
        snapshot: The checkout, without the tests to judge.
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
        sandbox: Sandbox,
        effort: Effort,
        work: Path,
        progress: Callable[[str], None],
    ) -> None:
        self._spec, self._component = spec, component
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
            options=component.pytest_options,
            clock=_clock_of(effort),
        )
        (work / "runner").mkdir()
        sandbox.admit(work / "runner")
        self._runner = install_runner(sandbox, work / "runner")
        beside = package_files(component.path, checkout)
        self._sources = _readable(checkout, dict.fromkeys([*self._place.component, *beside]))
        mutants = [
            mutant for path, source in self._sources.items() for mutant in mutants_of(path, source)
        ]
        some = sample(mutants, effort.mutants, effort.seed)
        self._selection = Selection(mutants, some, effort.seed)
        self._essences = essences_in([checkout / path for path in component.test_files])
        self._libraries: tuple[str, ...] = ()
        self._cases: list[Case] = []
        self._inputs: dict[str, GeneratedFile] = {}
        self._clock_shifted, self._all_repeats = False, True
        self._patience_beside = max(effort.test_timeout, EXISTING_TEST_S)
        self._timings: dict[str, float] = {}

    def judge(self, files: Sequence[GeneratedFile]) -> tuple[TestVerdict, ...]:
        """A verdict on every test of one batch, each judged on its own and beside the others."""
        self._forget({file.path for file in files})
        self._inputs.update((file.path, file) for file in files)
        candidates = self._placed(files)
        batch = files[0].path if len(files) == 1 else words.count(len(files), "file")
        with self._pool() as pool, self._phase("collection", f"{batch}: collecting"):
            known = self._spec.requirements
            cases, self._libraries = collected(pool, candidates, known)
        with self._pool() as pool:
            cases = self._judged(pool, cases, batch)
        cases = [explained(case, self._inputs.values()) for case in cases]
        self._cases += cases
        return tuple(self._verdict(case) for case in cases)

    def confirms(self, known: Verification, baseline: Baseline, *, seed: int) -> bool:
        """Whether tests that an earlier run judged end as they did then, in a run of them all.

        Args:
            known: What that run found of the same content.
            baseline: How the existing tests ended in it.
            seed: Decides the order.
        """
        candidates = self._placed(known.candidates)
        patience = self._effort.test_timeout
        with self._pool() as pool:
            return end_the_same(pool, candidates, known, baseline, seed=seed, patience_s=patience)

    def _forget(self, paths: Collection[str]) -> None:
        """A file that comes again, repaired, takes the place of its first version."""
        for case in self._cases:
            if case.candidate.path in paths:
                (self._place.root / case.candidate.placed).unlink(missing_ok=True)
        self._cases = [case for case in self._cases if case.candidate.path not in paths]
        self._essences = {
            essence: name
            for essence, name in self._essences.items()
            if name.partition("::")[0] not in paths
        }

    def _pool(self) -> Interpreters:
        """Interpreters that have imported what the tests judged last need."""
        return Interpreters(
            self._sandbox, self._place, self._runner, self._effort.workers, self._libraries
        )

    def _judged(self, pool: Interpreters, cases: list[Case], batch: str) -> list[Case]:
        patience = self._effort.test_timeout
        tests = words.count(len(cases), "test")
        with self._phase("alone", f"{batch}: {tests}, each by itself"):
            cases = trials.run_alone(pool, cases, patience)
        if any(case.by_examples for case in cases):
            with self._phase("examples", f"{batch}: other examples for property tests"):
                searches = flakiness.repeats(self._effort.flake_bound)
                known = shown(self._spec.requirements)
                cases = searched(pool, cases, searches, patience, known)
        with self._phase("repeats", f"{batch}: repeats in changing circumstances"):
            cases = self._repeated(pool, cases)
        with self._phase("nulls", f"{batch}: against null implementations"):
            cases = trials.against_nulls(pool, cases, self._sources, patience)
        with self._phase("mutation", f"{batch}: against mutants"):
            cases = against_selection(pool, cases, self._selection, self._sources, patience)
        return self._settled(cases)

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
        repetition = Repetition(pool, group, self._effort.test_timeout)
        if group:
            read = {case.candidate.content for case in group.values()} | {*self._sources.values()}
            count, seed = flakiness.repeats(self._effort.flake_bound), self._effort.seed
            variations = flakiness.variations(
                tuple(group),
                count,
                seed,
                self._effort.began,
                probes.locales(),
                an_interpreter=flakiness.runs_an_interpreter(read),
            )
            repetition.run_twice()
            repetition.run(list(variations))
            quick = tuple(
                name for name, case in group.items() if (case.duration_ms or 0) < _QUICK_MS
            )
            repetition.run_more(list(flakiness.reruns(quick, count, seed)))
            repetition.close(shown(self._spec.requirements))
        self._clock_shifted |= repetition.clock_shifted
        self._all_repeats &= repetition.complete
        return [repetition.cases.get(case.id, case) for case in cases]

    def _settled(self, cases: Sequence[Case]) -> list[Case]:
        """Accepted, vacuous or a mere copy: the verdict on tests that passed every run."""
        settled = []
        for case in cases:
            if case.ruling is not None:
                settled.append(case)
            elif not is_real(case):
                settled.append(self._without_evidence(case))
            else:
                settled.append(self._unless_a_copy(case))
        return settled

    def _without_evidence(self, case: Case) -> Case:
        changed_by_none = sorted({path for path, _ in case.lines} - self._sources.keys())
        if changed_by_none:
            return case.unjudged(f"no mutants could be made of {changed_by_none[0]}.")
        return case.rejected("vacuous", why_vacuous(case))

    def _unless_a_copy(self, case: Case) -> Case:
        if case.function is not None and not case.is_inherited and "[" not in case.id:
            twin = self._essences.setdefault(case.function.essence, case.id)
            if twin != case.id:
                return case.rejected("redundant", f"It does the same as {twin}, word for word.")
        return replace(case, ruling=Ruling("accepted", None, ""))

    def conclude(self, baseline: Baseline | None) -> Verification:
        """All batches together, beside the existing suite; what they add to it.

        Args:
            baseline: How the existing suite fares without them.
        """
        with self._pool() as pool:
            with self._phase("suite", "the existing tests by themselves"):
                suite = self._existing_suite(pool, baseline)
            with self._phase("together", "accepted tests with the existing suite"):
                self._beside(pool, suite)
            with self._phase("existing_mutation", "mutants against the existing tests"):
                survivors = Survivors(pool, suite, self._sources, self._patience_beside)
                compared = survivors.compared(self._selection.sample)
            with self._phase("contribution", "what the accepted tests add"):
                self._without_idle_ones(pool, suite, survivors)
            with self._phase("salvage", "accepted tests in files of their own"):
                files = self._salvage(pool)
        accepted = self._having("accepted")
        added = {line for case in accepted for line in case.lines}
        before = baseline.coverage if baseline else None
        return Verification(
            tests=tuple(
                self._verdict(case, new_lines(case, suite, before)) for case in self._cases
            ),
            files=files,
            coverage=coverage_change(before, added),
            mutation=mutation_change(compared, survivors.killed, accepted),
            mutants=len(compared),
            requirements=ledger(self._spec, self._cases),
            checks=self._checks(suite, survivors),
            timings=self._timings,
            seed=self._effort.seed,
            candidates=tuple(self._inputs.values()),
            effort=EffortRecord(**asdict(self._effort)),
        )

    def _existing_suite(self, pool: Interpreters, baseline: Baseline | None) -> SuiteRun:
        known = baseline.tests if baseline else ()
        failing = {test.id for test in known if test.outcome != "passed"}
        files = self._component.test_files
        return run_existing(pool, files, failing, self._patience_beside)

    def _beside(self, pool: Interpreters, suite: SuiteRun) -> None:
        patience = self._patience_beside
        accepted = self._having("accepted")
        if accepted:
            self._update(
                run_together(
                    pool, _open_again(accepted), suite, seed=self._effort.seed, patience_s=patience
                )
            )

    def _without_idle_ones(self, pool: Interpreters, suite: SuiteRun, survivors: Survivors) -> None:
        """Reject accepted tests that add nothing to the existing suite, with all their rows."""
        files = [self._place.root / path for path in self._component.test_files]
        named = named_in(files, self._spec.requirements)
        detail = "It runs no new line and kills no mutant that existing tests let live."
        for rows in trials.by_function(self._having("accepted")):
            if not any(adds_at_once(case, suite, named) for case in rows) and not any(
                survivors.include_one_of(mutants)
                for case in rows
                for mutants in self._killed_by(pool, case)
            ):
                self._update(case.rejected("redundant", detail) for case in rows)

    def _killed_by(self, pool: Interpreters, case: Case) -> Iterator[list[Mutant]]:
        """The mutants that a test kills: those that are known, then others that it reaches."""
        yield [kill.mutant for kill in case.kills]
        rest, patience = self._selection.not_met_by(case), self._effort.test_timeout
        (again,) = trials.against_mutants(pool, _open_again([case]), rest, self._sources, patience)
        yield [kill.mutant for kill in again.kills[len(case.kills) :]]

    def _salvage(self, pool: Interpreters) -> tuple[GeneratedFile, ...]:
        """The accepted tests as files; a test that fails without the rejected ones is no good."""
        while True:
            found, patience = salvage(self._cases), self._effort.test_timeout
            lost = run_alone_in_files(pool, self._place.root, found, patience)
            if not lost:
                return tuple(one.file for one in found)
            self._update(lost)

    def _having(self, verdict: VerdictName) -> list[Case]:
        return [case for case in self._cases if case.is_(verdict)]

    def _update(self, cases: Iterable[Case]) -> None:
        """Take over what became of cases; one without a ruling stays accepted."""
        by_id = {case.id: case for case in cases if case.ruling is not None}
        self._cases = [by_id.get(case.id, case) for case in self._cases]

    def _checks(self, suite: SuiteRun, survivors: Survivors) -> tuple[Check, ...]:
        """Which checks could be made on this machine."""
        count = flakiness.repeats(self._effort.flake_bound)
        bound = (
            f"{count} runs catch a test that fails at {100 * self._effort.flake_bound:g} %"
            f" with 99.9 %; as many follow without a new import for tests of less than"
            f" {_QUICK_MS} ms"
        )
        locales = ", ".join(probes.locales())
        return (
            Check(
                name="repeats in changing order, with a hash seed each",
                made=self._all_repeats,
                detail=bound,
            ),
            Check(name="shifted clock", made=self._clock_shifted, detail="time-machine"),
            Check(name="time zones and working directories", made=True),
            Check(name="locales", made=True, detail=locales),
            self._check_of_mutants(survivors),
            Check(name="beside every existing test", made=not suite.lost, detail=suite.lost),
            Check(name="without network", made=self._sandbox.no_network),
            Check(name="unprivileged user", made=self._sandbox.separate_user),
        )

    def _check_of_mutants(self, survivors: Survivors) -> Check:
        """Every test was to meet null implementations and mutants of all that it reaches."""
        unread = sorted(set(self._place.component) - self._sources.keys())
        unjudged = [case.id for case in self._cases if case.is_unjudged]
        missing = [
            *(f"Python {_PYTHON} cannot read {path}" for path in unread),
            *(f"{name} could not be judged" for name in unjudged),
            *([] if survivors.all_found else ["the existing tests did not meet them"]),
        ]
        return Check(
            name="null implementations and mutants of every module",
            made=not missing,
            detail="; ".join(missing),
        )

    def _verdict(self, case: Case, added: tuple[str, ...] = ()) -> TestVerdict:
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
            new_lines=added,
            mutants_killed=tuple(kill.mutant.id for kill in case.kills),
            code=case.function.code if case.function else "",
            line=case.function.line if case.function else None,
            dispute=dispute_of(case, self._spec, self._sources) if case.is_("disputed") else None,
        )

    @contextmanager
    def _phase(self, name: str, what: str) -> Iterator[None]:
        self._progress(what)
        started = time.monotonic()
        yield
        elapsed = (time.monotonic() - started) * 1000
        self._timings[name] = round(self._timings.get(name, 0.0) + elapsed, 1)


def _readable(checkout: Path, paths: Iterable[str]) -> dict[str, str]:
    """The sources of those modules that this Python can read, in whatever encoding they are."""
    sources = {}
    for path in paths:
        with suppress(SyntaxError, ValueError):
            source = syntax.read(checkout / path)
            syntax.parse(source)
            sources[path] = source
    return sources


def _clock_of(effort: Effort) -> float:
    """Seconds back to the day of the run that is replayed; none when it is this run."""
    since = effort.began - time.time()
    return since if abs(since) > _A_REPLAY_S else 0.0


def _open_again(cases: Iterable[Case]) -> list[Case]:
    return [replace(case, ruling=None) for case in cases]
