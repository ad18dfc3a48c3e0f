"""The jobs of a run on any OpenHands, without the stages around them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spec_to_production.generation.jobs import Jobs
from spec_to_production.generation.journal import Journal
from spec_to_production.generation.prompts import Prompts
from spec_to_production.generation.terms import Means, Terms
from spec_to_production.openhands import OpenHands
from spec_to_production.openhands.interface import WORKING_DIR, Model
from spec_to_production.progress import Lines, Progress
from spec_to_production.results import Component, Job, Problem, Spec, Task
from spec_to_production.snapshot import Snapshot
from spec_to_production.timeline import Timeline

TEST = "def test_it(): pass\n"


@dataclass(frozen=True)
class Outcome:
    """What became of the tasks, in their order."""

    jobs: Sequence[Job]
    problems: Sequence[Problem]
    told: Sequence[str]
    seconds: float

    @property
    def statuses(self) -> list[str]:
        return [job.status for job in self.jobs]


def task(output: str) -> Task:
    """One whose prompt selects a recording."""
    prompt = f"Working directory: {WORKING_DIR}\nOutput file: {output}\n"
    return Task(
        id=output,
        kind="test_generation",
        module="area.py",
        requirement_ids=(f"FR-{output}",),
        prompt=prompt,
        output_path=output,
        priority=1,
        content_key=output,
    )


@dataclass(frozen=True)
class RecordingFolder:
    """Where the recorded model finds its answers."""

    folder: Path


def record_test(
    recordings: Any, *, before: Sequence[Mapping[str, Any]] = (), then: str = "finish"
) -> str:
    """Record an agent that writes the file it was asked for; gives that file's path.

    ``recordings`` is anything with the ``folder`` of the recorded model.
    """
    name = f"test_{uuid.uuid4().hex}"
    output = f"tests/{name}.py"
    (recordings.folder / "answer").write_text(TEST)
    steps = [*before, {"create": {"path": output, "file": "answer"}}, {then: "done"}]
    (recordings.folder / f"{name}.json").write_text(json.dumps(steps))
    return output


def wait_once() -> Mapping[str, str]:
    """A step of an agent that never ends by itself; done anew, it does nothing."""
    mark = f'"$HOME/{uuid.uuid4().hex}"'
    return {"terminal": f"[ -e {mark} ] || {{ touch {mark}; sleep 300; }}"}


def run_jobs(
    openhands: OpenHands,
    model: Model,
    base: Path,
    outputs: Sequence[str],
    *,
    meanwhile: Callable[[Job], object] = lambda _: None,
    answers: Mapping[str, Any] | None = None,
    judge: Callable[..., Any] = lambda _: (),
    journal: Journal | None = None,
    executor: ThreadPoolExecutor | None = None,
    **terms: Any,
) -> Outcome:
    """Submit and collect; ``meanwhile`` is called with each job as it ends.

    What an executor of the caller's still does at the end is not waited for.
    """
    told: list[str] = []
    timeline = Timeline()
    given = {"max_parallel": 4, "max_iterations": 20, "job_timeout_s": 120, "poll_interval_s": 0.2}
    spec = Spec(path="s.md", title="S", source="", requirements=())
    component = Component(name="area", path="area.py", import_root=".", modules=(), tests_dir="t")
    started = time.monotonic()
    with nullcontext(executor) if executor else ThreadPoolExecutor(12) as threads:
        means = Means(
            openhands=openhands,
            executor=threads,
            terms=Terms(model, repair_rounds=0, **{**given, **terms}),
            snapshot=Snapshot(base, None, None),
            prompts=Prompts(spec, component, base),
            timeline=timeline,
            progress=Progress(Lines(told.append), timeline.now_ms),
            journal=journal or Journal(),
        )
        jobs = Jobs(means, answers)
        for job in jobs.collect_results(jobs.submit_tasks([task(o) for o in outputs]), judge):
            meanwhile(job)
    return Outcome(jobs.jobs(), jobs.problems(), told, time.monotonic() - started)
