"""The real stages of a run, put together from the settings."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from spec_to_production.attestation import Attestations, Findings, key_of, own_code
from spec_to_production.components import run_baseline
from spec_to_production.delivery import TRAJECTORIES, make_patch, write_changes
from spec_to_production.environment import describe
from spec_to_production.gates import evaluate
from spec_to_production.generation.budget import Budget
from spec_to_production.generation.jobs import Jobs
from spec_to_production.generation.journal import Journal
from spec_to_production.generation.memory import Memory
from spec_to_production.generation.prompts import Prompts
from spec_to_production.generation.terms import Means, Terms
from spec_to_production.openhands import OpenHands
from spec_to_production.openhands.interface import Model
from spec_to_production.planning import Plan
from spec_to_production.progress import Progress
from spec_to_production.redaction import Redaction
from spec_to_production.refactoring import recheck, refactor
from spec_to_production.results import (
    Baseline,
    Gate,
    GeneratedFile,
    Job,
    Refactoring,
    Task,
    Verification,
    WorkflowResult,
)
from spec_to_production.sandbox import Sandbox
from spec_to_production.settings import Settings
from spec_to_production.timeline import Timeline
from spec_to_production.verification import Effort, Verifier
from spec_to_production.workflow import JobsFactory, Stages, Subject

_SOUND = ("passed", "no_tests")


@dataclass(frozen=True)
class Assembly:
    """Everything a run works with; each method is one stage's work."""

    settings: Settings
    root: Path
    work: Path
    plan: Plan
    sandbox: Sandbox
    timeline: Timeline
    progress: Progress
    redaction: Redaction

    def subject(self) -> Subject:
        """What the run is about."""
        return Subject(
            spec=self.plan.spec,
            component=self.plan.component,
            target=self.settings.target,
            base_commit=self.plan.snapshot.head,
            model=self.settings.llm_model if self.plan.tasks else None,
            model_is_recorded=self.settings.model_is_recorded,
            tasks=self.plan.tasks,
            candidates=self.plan.candidates,
        )

    def stages(self, make_jobs: JobsFactory | None) -> Stages:
        """The real stages; those that are switched off are left out."""
        refactoring = self.settings.enable_refactoring and self.settings.mode == "run"
        return Stages(
            baseline=self._baseline,
            make_verifier=self._verifier,
            gates=self._gates,
            deliver=self._deliver,
            make_jobs=make_jobs,
            add_gaps=self._add_gaps,
            refactor=self._refactor if refactoring else None,
            recheck=self._recheck if refactoring else None,
        )

    def recall(self, attestations: Attestations, files: Iterable[GeneratedFile]) -> Findings | None:
        """What an earlier run measured of these tests on this content, if they still end so."""
        findings = attestations.find(self._content(files))
        if findings is None:
            return None
        self.progress.tell("all is as it was judged before: its tests once more, in a new order")
        seed = secrets.randbelow(1 << 32)
        verifier = self._make_verifier("confirmation")
        if verifier.confirms(findings.verification, findings.baseline, seed=seed):
            return findings
        self.progress.tell("they do not end as they did then: all is judged anew")
        return None

    def attest(self, attestations: Attestations, result: WorkflowResult) -> None:
        """Keep what this run measured, if it measured all of it and nothing went wrong.

        Raises:
            OSError: It cannot be written.
            SandboxError: What the findings depend on cannot be told.
        """
        baseline, verification = result.baseline, result.verification
        broken = [gate for gate in result.gates if gate.status == "error"]
        complete = not (result.errors or result.interrupted or result.measured_at or broken)
        if not (complete and baseline and baseline.status in _SOUND and verification):
            return
        findings = Findings(
            measured_at=result.started_at,
            baseline=baseline,
            verification=verification,
            refactoring=result.refactoring,
            gates=result.gates,
        )
        attestations.keep(self._content(verification.candidates), findings)

    def _content(self, files: Iterable[GeneratedFile]) -> str:
        """A name for all that the findings depend on."""
        settings, sandbox = self.settings, self.sandbox
        return key_of(
            own_code(),
            [describe(python, sandbox) for python in (Path(sys.executable), sandbox.python)],
            sandbox.separate_user,
            sandbox.no_network,
            self.plan.snapshot.commit,
            self.plan.spec.model_dump(mode="json"),
            self.plan.component.model_dump(mode="json"),
            [settings.flake_bound, settings.test_timeout, settings.enable_refactoring],
            [settings.target, settings.coverage_threshold],
            sorted((file.path, file.content) for file in files),
        )

    def _baseline(self) -> Baseline:
        return run_baseline(
            self.plan.component, self.plan.snapshot, self.sandbox, self._folder("baseline")
        )

    def _refactor(self, baseline: Baseline) -> Refactoring:
        return refactor(
            self.plan.component,
            self.plan.snapshot,
            baseline,
            self.sandbox,
            self._folder("refactoring"),
        )

    def _recheck(self, refactoring: Refactoring, accepted: Sequence[GeneratedFile]) -> Refactoring:
        return recheck(
            refactoring,
            self.plan.component,
            self.plan.snapshot,
            self.sandbox,
            self._folder("recheck"),
            accepted,
        )

    def jobs_on(
        self,
        openhands: OpenHands,
        models: Sequence[Model],
        answers: Mapping[str, Sequence[GeneratedFile]],
        journal: Journal,
        memory: Memory | None,
    ) -> JobsFactory:
        """Jobs on these servers, with what earlier runs know."""
        settings = self.settings

        def make(
            executor: Executor,
            finish_task: Callable[[Task], Task],
            gap: Callable[[Task], int],
            *,
            max_parallel: int,
        ) -> Jobs:
            means = Means(
                openhands=openhands,
                executor=executor,
                terms=Terms(
                    model=models[0],
                    fallbacks=tuple(models[1:]),
                    max_parallel=max_parallel,
                    max_iterations=settings.max_iterations,
                    job_timeout_s=settings.job_timeout,
                    poll_interval_s=settings.poll_interval,
                    repair_rounds=settings.repair_rounds,
                    budget=Budget(
                        cost_usd=settings.max_cost_usd,
                        tokens=settings.max_tokens,
                        seconds=settings.total_timeout,
                    ),
                ),
                snapshot=self.plan.snapshot,
                prompts=self._prompts(),
                timeline=self.timeline,
                progress=self.progress,
                journal=journal,
                finish_task=finish_task,
                gap=gap,
                keep_trajectory=self._keep_trajectory,
            )
            return Jobs(replace(means, keep=memory.keep) if memory else means, answers)

        return make

    def _add_gaps(self, task: Task, baseline: Baseline | None) -> Task:
        """Write the uncovered lines into the prompt, now that they are known."""
        if baseline is None or baseline.coverage is None:
            return task
        module = next(m for m in self.plan.component.modules if m.path == task.module)
        wanted = [r for r in self.plan.spec.requirements if r.id in task.requirement_ids]
        missing = baseline.coverage.missing_in(task.module)
        prompt = self._prompts().test_generation(module, wanted, task.output_path, missing)
        return task.model_copy(update={"prompt": prompt})

    def _verifier(self) -> Verifier:
        return self._make_verifier("verification")

    def _make_verifier(self, folder: str) -> Verifier:
        return Verifier(
            spec=self.plan.spec,
            component=self.plan.component,
            snapshot=self.plan.snapshot,
            sandbox=self.sandbox,
            effort=self.plan.effort
            or Effort(
                flake_bound=self.settings.flake_bound, test_timeout=self.settings.test_timeout
            ),
            work=self._folder(folder),
            progress=self.progress.tell,
        )

    def _gates(
        self,
        baseline: Baseline | None,
        verification: Verification | None,
        refactoring: Refactoring | None,
    ) -> Sequence[Gate]:
        return evaluate(
            self.settings.target,
            spec=self.plan.spec,
            component=self.plan.component,
            snapshot=self.plan.snapshot,
            sandbox=self.sandbox,
            work=self._folder("gates"),
            baseline=baseline,
            verification=verification,
            refactoring=refactoring,
            coverage_threshold=self.settings.coverage_threshold,
        )

    def _deliver(self, verification: Verification | None, refactoring: Refactoring | None) -> None:
        folder = self.settings.output_folder
        if folder is not None:
            patch = make_patch(
                self.plan.snapshot, verification, refactoring, self._folder("delivery")
            )
            files = self.redaction.value(verification.files if verification else ())
            write_changes(
                self.root / folder, self.redaction.text(patch), files, self._folder(TRAJECTORIES)
            )

    def with_trajectories(self, result: WorkflowResult) -> WorkflowResult:
        """The result whose jobs name the files that tell their agents' steps."""
        folder = self.settings.output_folder
        if folder is None:
            return result

        names = {task.id: _trajectory(task) for task in result.tasks}

        def named(job: Job) -> Job:
            path = f"{TRAJECTORIES}/{names[job.task_id]}"
            is_there = (self.root / folder / path).is_file()
            return job.model_copy(update={"trajectory": path}) if is_there else job

        return result.model_copy(update={"jobs": tuple(map(named, result.jobs))})

    def _keep_trajectory(self, task: Task, events: str) -> None:
        file = self._folder(TRAJECTORIES) / _trajectory(task)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.redaction.text(events), "utf-8")

    def _prompts(self) -> Prompts:
        return Prompts(self.plan.spec, self.plan.component, self.plan.snapshot.path)

    def _folder(self, name: str) -> Path:
        folder = self.work / name
        folder.mkdir(exist_ok=True)
        return folder


def _trajectory(task: Task) -> str:
    """The agent's steps are called as the file that it was to write."""
    return f"{task.output_path}.jsonl"
