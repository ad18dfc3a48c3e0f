import pytest

from spec_to_production.generation.jobs import Jobs
from spec_to_production.generation.journal import Journal
from spec_to_production.generation.prompts import Prompts
from spec_to_production.generation.terms import Means, Terms
from spec_to_production.openhands.interface import Model
from spec_to_production.progress import Lines, Progress
from spec_to_production.results import (
    Component,
    Criterion,
    LineRange,
    Module,
    Requirement,
    Spec,
)
from spec_to_production.snapshot import Snapshot, git
from spec_to_production.timeline import Timeline
from spec_to_production.workflow import Sequential
from support.openhands import StandInOpenHands
from support.scripted_jobs import Clock, task

ADD = '"""Sums."""\n\ndef add(a, b):\n    return a + b\n'
MEMORY = "class Memory:\n    def recall(self):\n        return 0\n"


def requirement(id_, text, **more):
    return Requirement(
        id=id_,
        title=more.pop("title", id_),
        text=text,
        lines=LineRange(start=1, end=2),
        criteria=(Criterion(text=f"{text}, always", line=2),),
        **more,
    )


@pytest.fixture
def spec():
    return Spec(
        path="specs/calc.md",
        title="Calc",
        source="…",
        requirements=(
            requirement("FR-1", "`add` gives the sum", priority="high"),
            requirement("FR-2", "`recall` gives what was stored", priority="low"),
            requirement("FR-3", "errors are clear"),
            requirement("NFR-1", "`add` is fast", kind="non_functional"),
        ),
        api="def add(a, b): ...",
        target_coverage=80.0,
    )


@pytest.fixture
def component():
    return Component(
        name="calc",
        path="src/calc",
        import_root="src",
        modules=(
            Module(path="src/calc/sums.py", name="calc.sums", lines=4),
            Module(path="src/calc/store/memory.py", name="calc.store.memory", lines=3),
        ),
        test_files=("tests/calc/test_other.py", "tests/calc/test_sums.py"),
        tests_dir="tests/calc",
    )


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory):
    """Shared, because taking one starts git several times: tests that write use a copy."""
    folder = tmp_path_factory.mktemp("generation")
    root = folder / "checkout"
    for path, text in {
        "src/calc/sums.py": ADD,
        "src/calc/store/memory.py": MEMORY,
        "tests/calc/test_sums.py": "def test_sum():\n    assert True\n",
        "tests/calc/test_other.py": "def test_other():\n    pass\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git("init", "--quiet", cwd=root)
    return Snapshot.take(root, folder / "base")


@pytest.fixture
def prompts(spec, component, snapshot):
    return Prompts(spec, component, snapshot.path)


@pytest.fixture
def run(snapshot, prompts):
    """Run tasks against scripts; gives the jobs by id, the stand-in, and what was judged."""

    def run(
        scripts,
        *,
        judge=None,
        executor=None,
        max_parallel=4,
        repair_rounds=0,
        clock=None,
        answers=None,
        journal=None,
        openhands=StandInOpenHands,
        gap=lambda _: 0,
        **terms,
    ):
        openhands = openhands(scripts)
        timeline = Timeline()
        told = []
        means = Means(
            openhands=openhands,
            executor=executor or Sequential(),
            terms=Terms(Model("m"), max_parallel, 10, 300, 0.001, repair_rounds, **terms),
            snapshot=snapshot,
            prompts=prompts,
            timeline=timeline,
            progress=Progress(Lines(told.append), timeline.now_ms),
            journal=journal or Journal(),
            gap=gap,
            keep=lambda task, files: run.kept.update({task.id: files}),
            clock=clock or Clock(),
        )
        jobs = Jobs(means, answers)
        run.jobs, run.kept = jobs, {}
        submitted = jobs.submit_tasks([task(name) for name in scripts])
        collected = {
            job.task_id: job for job in jobs.collect_results(submitted, judge or (lambda _: ()))
        }
        return {name: collected[name] for name in scripts}, openhands, told

    return run
