"""The workflow with small stand-ins for its stages; real threads, no clocks waited for."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from spec_to_production import workflow
from spec_to_production.attestation import Findings
from spec_to_production.errors import SandboxError
from spec_to_production.generation.jobs import Jobs
from spec_to_production.generation.terms import Means, Terms
from spec_to_production.interrupts import Interrupted
from spec_to_production.openhands.interface import Failure, Model
from spec_to_production.progress import Lines, Progress
from spec_to_production.results import (
    STAGES,
    Baseline,
    Component,
    Gate,
    GeneratedFile,
    LineRange,
    Module,
    Refactoring,
    Requirement,
    Spec,
    Task,
    TestVerdict,
    Verification,
)
from spec_to_production.snapshot import Snapshot, git
from spec_to_production.timeline import Timeline
from spec_to_production.workflow import Stages, Subject, Workflow
from support.openhands import Script, StandInOpenHands

TEST = "def test_it():\n    assert True\n"


def task(name):
    return Task(
        id=name,
        kind="test_generation",
        module=f"src/{name}.py",
        requirement_ids=("FR-1",),
        prompt=f"task <{name}>",
        output_path=f"tests/test_{name}_spec.py",
        priority=1,
        content_key=name,
    )


def script(name):
    return Script(files={f"tests/test_{name}_spec.py": TEST})


class Clock:
    s = 0.0

    def __call__(self):
        return self.s


class StandInVerifier:
    def __init__(self):
        self.tests = []

    def judge(self, files):
        verdicts = [TestVerdict(id=f"{file.path}::test_it", verdict="accepted") for file in files]
        self.tests += verdicts
        return verdicts

    def conclude(self, _):
        return Verification(tests=tuple(self.tests))


class Accepting(StandInVerifier):
    """Has a file of accepted tests in the end."""

    def conclude(self, baseline):
        file = GeneratedFile(path="tests/test_a_spec.py", content=TEST)
        return super().conclude(baseline).model_copy(update={"files": (file,)})


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workflow")
    root = folder / "checkout"
    root.mkdir()
    git("init", "--quiet", cwd=root)
    return Snapshot.take(root, folder / "base")


@pytest.fixture
def subject():
    requirement = Requirement(id="FR-1", title="t", text="t", lines=LineRange(start=1, end=1))
    return Subject(
        spec=Spec(path="s.md", title="s", source="s", requirements=(requirement,)),
        component=Component(
            name="c",
            path="src",
            import_root="src",
            modules=(Module(path="src/a.py", name="a", lines=1),),
            tests_dir="tests",
        ),
        target="dev",
        tasks=(task("a"), task("b")),
    )


@pytest.fixture
def given(subject):
    """Without a job: a test that was there already is to be judged."""
    candidate = GeneratedFile(path="tests/test_given.py", content=TEST)
    return replace(subject, tasks=(), candidates=(candidate,))


@pytest.fixture
def make(snapshot, subject):
    """Makes a workflow; ``changes`` replace stages or parts of the subject."""

    def make(scripts=None, *, about=subject, write=lambda _: None, clock=time.monotonic, **changes):
        timeline = Timeline(clock)
        progress = Progress(Lines(write), timeline.now_ms)
        openhands = StandInOpenHands(scripts or {"a": script("a"), "b": script("b")})

        def make_jobs(executor, finish_task, gap, *, max_parallel):
            means = Means(
                openhands=openhands,
                executor=executor,
                terms=Terms(Model("m"), max_parallel, 10, 300, 0.001, 0),
                snapshot=snapshot,
                prompts=None,
                timeline=timeline,
                progress=progress,
                finish_task=finish_task,
                gap=gap,
            )
            return Jobs(means)

        stages = Stages(
            baseline=lambda: Baseline(status="passed"),
            make_verifier=StandInVerifier,
            gates=lambda *_: [Gate(name="test_coverage", status="passed")],
            deliver=lambda *_: None,
            make_jobs=make_jobs,
            refactor=lambda _: Refactoring(status="nothing_to_do"),
        )
        workflow = Workflow(
            about,
            replace(stages, **changes),
            max_parallel=2,
            timeline=timeline,
            progress=progress,
        )
        workflow.openhands = openhands
        return workflow

    return make


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_both_modes_do_the_same_work(make, mode):
    result = make().run(mode)

    assert result.execution_mode == mode
    assert result.problems == ()
    assert {job.task_id: job.status for job in result.jobs} == {"a": "succeeded", "b": "succeeded"}
    assert {test.id for test in result.verification.tests} == {
        "tests/test_a_spec.py::test_it",
        "tests/test_b_spec.py::test_it",
    }
    assert result.promotable
    ran = {stage for stage, timing in result.stage_timings.items() if timing}
    assert ran == set(STAGES) - {"specification"}


def test_refactoring_and_baseline_go_on_while_jobs_run(make):
    """Each waits for the other's start: one after another, this would never end."""
    job_started, refactoring_started = threading.Event(), threading.Event()

    def refactor(_):
        refactoring_started.set()
        assert job_started.wait(10)
        return Refactoring(status="nothing_to_do")

    def add_gaps(sent, _):
        job_started.set()
        assert refactoring_started.wait(10)
        return sent

    result = make(refactor=refactor, add_gaps=add_gaps).run("async")

    first, last = (
        result.stage_timings["openhands_submission"].started_ms,
        result.stage_timings["openhands_collection"].ended_ms,
    )
    assert result.problems == ()
    for stage in ("baseline", "refactoring"):
        assert first <= result.stage_timings[stage].started_ms <= last


def test_two_stages_that_share_ten_seconds_save_ten(make, given):
    """Refactoring and verification both last as long as it takes the clock to go on."""
    clock = Clock()
    judging, gone_on = threading.Event(), threading.Event()

    class Verifier(StandInVerifier):
        def judge(self, files):
            judging.set()
            assert gone_on.wait(10)
            return super().judge(files)

    def refactor(_):
        assert judging.wait(10)
        clock.s += 10
        gone_on.set()
        return Refactoring(status="nothing_to_do")

    result = make(
        about=given, make_jobs=None, make_verifier=Verifier, refactor=refactor, clock=clock
    ).run("async")

    assert result.problems == ()
    assert result.wall_ms == 10_000
    assert result.stage_timings["refactoring"].busy_ms == 10_000
    assert result.stage_timings["verification"].busy_ms == 10_000
    assert result.parallel_execution_savings_ms == 10_000


def test_the_times_of_jobs_are_in_the_report_as_measured_and_none_where_there_were_none(
    make, given
):
    clock = itertools.count().__next__
    measured = make(clock=clock).run("async").model_dump(mode="json")
    without = make(about=given, make_jobs=None).run("async").model_dump(mode="json")

    for stage in ("openhands_submission", "openhands_collection"):
        took_ms = measured["stage_timings"][stage]["busy_ms"]
        assert took_ms > 0
        assert measured[f"{stage}_time_ms"] == took_ms
        assert without[f"{stage}_time_ms"] is None
    assert (measured["execution_mode"], without["execution_mode"]) == ("async", "async")


class NoThreads(ThreadPoolExecutor):
    """After the baseline and the refactoring, the machine has no thread left."""

    left = 2

    def submit(self, *work):
        if not self.left:
            raise RuntimeError("can't start new thread")
        self.left -= 1
        return super().submit(*work)


def test_when_threads_break_the_run_goes_on_one_by_one_and_says_so(make, monkeypatch):
    monkeypatch.setattr(workflow, "ThreadPoolExecutor", NoThreads)

    result = make().run("async")

    assert result.execution_mode == "sync"
    assert result.fallback == "RuntimeError: can't start new thread"
    assert {job.status for job in result.jobs} == {"succeeded"}


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_what_is_at_work_when_threads_break_is_taken_over_and_nothing_is_done_twice(
    make, monkeypatch, threads
):
    monkeypatch.setattr(workflow, "ThreadPoolExecutor", NoThreads)
    monkeypatch.setattr(NoThreads, "left", threads)
    broke, done = threading.Event(), []

    def write(line):
        if "running side by side broke" in line:
            broke.set()

    def baseline():
        assert broke.wait(10)
        done.append("baseline")
        return Baseline(status="passed")

    result = make(
        write=write,
        baseline=baseline,
        refactor=lambda _: done.append("refactoring") or Refactoring(status="kept"),
        recall=lambda: done.append("recalling"),
    ).run("async")

    assert done == ["recalling", "baseline", "refactoring"]
    assert (result.baseline.status, result.refactoring.status) == ("passed", "kept")
    assert result.problems == ()
    assert {job.status for job in result.jobs} == {"succeeded"}


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_where_nothing_is_left_to_fall_back_on_there_are_still_results(make, mode):
    def write(line):
        if "b: collected" in line:
            raise ZeroDivisionError("nobody thought of it")

    result = make(write=write).run(mode)

    assert [job.status for job in result.jobs] == ["succeeded", "cancelled"]
    assert result.jobs[1].message == "The run broke off."
    assert result.problems[0].message.startswith("Internal error: ZeroDivisionError")
    assert {test.id for test in result.verification.tests} == {"tests/test_a_spec.py::test_it"}
    assert [gate.status for gate in result.gates] == ["passed"]


def slow_to_tell(run, released):
    """The steps of the agents come once that is released."""
    told = run.openhands.trajectory

    def trajectory(conversation):
        assert released.wait(10)
        return told(conversation)

    run.openhands.trajectory = trajectory
    return run


def test_what_the_agents_did_is_kept_and_their_conversations_are_deleted_before_delivery(make):
    judged, deleted = threading.Event(), []

    def gates(*_):
        judged.set()
        return []

    run = make(gates=gates, deliver=lambda *_: deleted.extend(run.openhands.deleted))
    result = slow_to_tell(run, judged).run("async")

    assert {str(each) for each in deleted} == {job.conversation_id for job in result.jobs}
    assert len(deleted) == 2


def test_who_keeps_back_what_the_agents_did_does_not_hold_up_delivery_for_good(make, monkeypatch):
    monkeypatch.setattr("spec_to_production.generation.course._DELETED_WITHIN_S", 0)
    delivered = threading.Event()

    result = slow_to_tell(make(deliver=lambda *_: delivered.set()), delivered).run("async")

    assert delivered.is_set()
    assert result.problems == ()


def test_a_job_that_failed_costs_no_other(make):
    failing = Script(statuses=["error"], failure=Failure("quota", "no money left"))

    result = make({"a": failing, "b": script("b")}).run("async")

    assert [job.status for job in result.jobs] == ["failed", "succeeded"]
    assert result.jobs[0].message.endswith(" no money left")
    assert len(result.verification.tests) == 1


@pytest.mark.parametrize("stage", ["baseline", "refactoring", "verification", "gates", "delivery"])
def test_a_stage_that_fails_is_told_and_the_others_go_on(make, stage):
    def fail(*_):
        raise SandboxError("the machinery broke", hint="try again")

    class Broken(StandInVerifier):
        judge = fail

    changes = {
        "baseline": {"baseline": fail},
        "refactoring": {"refactor": fail},
        "verification": {"make_verifier": Broken},
        "gates": {"gates": fail},
        "delivery": {"deliver": fail},
    }[stage]

    result = make(**changes).run("async")

    assert {(p.stage, p.message, p.hint) for p in result.problems} == {
        (stage, "the machinery broke", "try again")
    }
    assert {job.status for job in result.jobs} == {"succeeded"}


def test_a_refactoring_that_could_not_be_tested_again_is_dropped_and_says_so(make):
    def broken(*_):
        raise SandboxError("it does not start")

    kept = Refactoring(status="kept", patch="a patch")

    result = make(refactor=lambda _: kept, recheck=broken, make_verifier=Accepting).run("sync")

    assert result.refactoring.status == "dropped"
    assert result.refactoring.patch == ""
    assert "could not be tested again" in result.refactoring.detail
    assert [problem.message for problem in result.problems] == ["it does not start"]


def test_a_fault_of_ours_is_named_as_such(make):
    result = make(gates=lambda *_: 1 / 0).run("sync")

    assert "Internal error: ZeroDivisionError" in result.problems[0].message


def test_without_a_green_light_from_any_gate_nothing_is_promotable(make):
    assert not make(gates=lambda *_: []).run("sync").promotable
    skipped = [Gate(name="x", status="skipped")]
    assert not make(gates=lambda *_: skipped).run("sync").promotable


def test_an_interrupt_keeps_what_was_collected(make):
    def write(line):
        if "b: succeeded" in line:
            raise Interrupted(15)

    result = make({"a": script("a"), "b": script("b")}, write=write).run("sync")

    assert result.interrupted_by == 15
    assert result.jobs[0].files[0].path == "tests/test_a_spec.py"
    assert len(result.verification.tests) == 2


def test_a_job_is_called_submitted_once_it_is(make):
    lines = []

    make(write=lines.append).run("async")

    (queued,) = [n for n, line in enumerate(lines) if "OpenHands job" in line]
    submitted = [n for n, line in enumerate(lines) if "submitted" in line]
    assert "2 OpenHands jobs queued" in lines[queued]
    assert len(submitted) == 2
    assert queued < min(submitted)


def test_verification_begins_with_the_first_test_to_be_judged(make):
    def write(line):
        if "submitted" in line:
            raise Interrupted(2)

    result = make(write=write).run("sync")

    assert result.stage_timings["verification"] is None


def test_an_interrupt_ends_jobs_that_still_run(make):
    def write(line):
        if "a: submitted" in line:
            raise Interrupted(2)

    endless = Script(statuses=["running"])

    result = make({"a": endless, "b": script("b")}, write=write).run("sync")

    assert {(job.status, job.cause) for job in result.jobs} == {("cancelled", "interrupted")}


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_tests_that_are_given_are_judged_without_any_job(make, given, mode):
    result = make(about=given, make_jobs=None, refactor=None).run(mode)

    assert [(test.id, test.verdict) for test in result.verification.tests] == [
        ("tests/test_given.py::test_it", "accepted")
    ]
    assert result.jobs == ()


def test_without_any_test_there_is_nothing_to_judge(make, subject):
    empty = make(about=replace(subject, tasks=()), make_jobs=None, refactor=None)

    assert empty.run("async").verification is None


def test_the_uncovered_lines_reach_the_task_that_is_sent(make):
    def add_gaps(sent, baseline):
        return sent.model_copy(update={"prompt": f"{sent.prompt} {baseline.status}"})

    result = make(add_gaps=add_gaps).run("async")

    assert [sent.prompt for sent in result.tasks] == ["task <a> passed", "task <b> passed"]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_what_an_earlier_run_measured_is_not_measured_again(make, mode):
    known = [TestVerdict(id=f"tests/test_{n}_spec.py::test_it", verdict="rejected") for n in "ab"]
    findings = Findings(
        measured_at="2026-01-01T00:00:00.000+00:00",
        baseline=Baseline(status="no_tests"),
        verification=Verification(tests=tuple(known)),
        refactoring=Refactoring(status="kept"),
        gates=(Gate(name="test_coverage", status="failed"),),
    )
    delivered = []

    def never(*_):
        pytest.fail("measured again")

    result = make(
        recall=lambda: findings,
        baseline=never,
        make_verifier=never,
        refactor=never,
        recheck=never,
        gates=never,
        deliver=lambda *given: delivered.append(given),
    ).run(mode)

    assert result.problems == ()
    assert [job.status for job in result.jobs] == ["succeeded", "succeeded"]
    taken = {name: getattr(result, name) for name in Findings.model_fields}
    assert taken == dict(findings)
    assert delivered == [(findings.verification, findings.refactoring)]
    assert not result.promotable


def test_where_recalling_fails_all_is_measured(make):
    def broken():
        raise SandboxError("it does not start")

    result = make(recall=broken).run("async")

    assert result.measured_at is None
    assert result.promotable
    assert [problem.message for problem in result.problems] == ["it does not start"]
