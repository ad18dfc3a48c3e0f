import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from spec_to_production.errors import ApiError, OpenHandsError, ServerLostError
from spec_to_production.generation.budget import Budget
from spec_to_production.generation.jobs import Jobs
from spec_to_production.generation.journal import Journal
from spec_to_production.generation.terms import Means, Terms
from spec_to_production.openhands.interface import Failure, Model
from spec_to_production.progress import Lines, Progress
from spec_to_production.results import GeneratedFile, Task, TestVerdict, Usage
from spec_to_production.timeline import Timeline
from spec_to_production.workflow import Sequential
from support.openhands import Script, StandInOpenHands

TEST = "def test_it():\n    assert True\n"


def task(name):
    return Task(
        id=name,
        kind="test_generation",
        module=f"src/calc/{name}.py",
        requirement_ids=("FR-1",),
        prompt=f"task <{name}>",
        output_path=f"tests/test_{name}_spec.py",
        priority=1,
        content_key=name,
    )


def done(name, **more):
    return Script(files={f"tests/test_{name}_spec.py": TEST}, **more)


class Clock:
    """Each time it is asked, some time has passed: no pause takes any real time."""

    def __init__(self, step=0.01):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


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


def test_submitting_returns_the_ids_and_sends_nothing_yet(snapshot, prompts):
    openhands = StandInOpenHands({"a": done("a")})
    means = Means(
        openhands=openhands,
        executor=Sequential(),
        terms=Terms(Model("m"), 1, 10, 300, 0.001, 0),
        snapshot=snapshot,
        prompts=prompts,
        timeline=Timeline(),
        progress=Progress(Lines(print), lambda: 0),
    )
    jobs = Jobs(means)

    assert jobs.submit_tasks([task("a")]) == ["a"]
    assert openhands.created == []


def test_a_finished_job_brings_its_file_and_is_forgotten_by_the_server(run):
    jobs, openhands, _ = run({"a": done("a")})

    assert jobs["a"].status == "succeeded"
    assert [file.path for file in jobs["a"].files] == ["tests/test_a_spec.py"]
    assert len(openhands.deleted) == 1


def test_never_more_in_flight_than_allowed(run):
    scripts = {name: done(name) for name in "abcdefgh"}
    with ThreadPoolExecutor(8) as executor:
        jobs, openhands, _ = run(scripts, executor=executor, max_parallel=3)

    assert len(jobs) == 8
    assert openhands.most_at_once <= 3


def test_sequentially_there_is_one_at_a_time(run):
    _, openhands, _ = run({name: done(name) for name in "abc"}, max_parallel=1)

    assert openhands.most_at_once == 1


def test_finished_without_a_file_is_nudged_once_and_then_failed(run):
    jobs, openhands, _ = run({"a": Script(replies=[Script()])})

    assert (jobs["a"].status, jobs["a"].cause, jobs["a"].nudges) == ("failed", "no_work", 1)
    assert "does not exist" in openhands.messages[0]


def test_a_nudge_may_bring_the_file(run):
    jobs, _, _ = run({"a": Script(replies=[done("a")])})

    assert (jobs["a"].status, jobs["a"].nudges) == ("succeeded", 1)


class Uncollectable(StandInOpenHands):
    """Whose files the network or the server keeps back, so many times."""

    error, times = OpenHandsError("too much was left"), 99

    def patch(self, conversation):
        if not self.times:
            return super().patch(conversation)
        self.times -= 1
        raise self.error


def test_files_that_cannot_be_collected_are_not_held_against_the_agent(run):
    jobs, openhands, _ = run({"a": done("a")}, openhands=Uncollectable)

    assert (jobs["a"].status, jobs["a"].cause) == ("failed", "unknown")
    assert jobs["a"].message == "Its files could not be collected: too much was left"
    assert (jobs["a"].nudges, openhands.messages) == (0, [])


def test_what_was_lost_with_its_server_is_done_anew(run):
    class Lost(Uncollectable):
        error, times = ServerLostError("it went away"), 1

    jobs, openhands, _ = run({"a": done("a")}, openhands=Lost)

    assert (jobs["a"].status, jobs["a"].message, openhands.created) == ("succeeded", "", ["a"] * 2)


def test_one_failure_costs_one_job(run):
    failing = Script(statuses=["error"], failure=Failure("auth", "the key is wrong"))
    jobs, _, _ = run({"bad": failing, "good": done("good")})

    assert (jobs["bad"].status, jobs["bad"].cause) == ("failed", "auth")
    assert jobs["bad"].message.startswith("the key is wrong. Check llm-api-key")
    assert jobs["good"].status == "succeeded"


def test_what_a_failed_job_had_written_is_judged_all_the_same(run):
    judged = []
    script = done("a", statuses=["stuck"], failure=Failure("stuck", "again and again"))

    jobs, _, _ = run({"a": script}, judge=lambda files: judged.extend(files) or ())

    assert (jobs["a"].status, jobs["a"].cause) == ("failed", "stuck")
    assert [file.path for file in judged] == ["tests/test_a_spec.py"]


def test_past_its_deadline_a_job_is_interrupted_and_what_it_has_is_judged(run):
    judged = []
    script = done("slow", statuses=["running"])

    jobs, openhands, _ = run(
        {"slow": script}, clock=Clock(step=50), judge=lambda files: judged.extend(files) or ()
    )

    assert (jobs["slow"].status, jobs["slow"].cause) == ("timed_out", "deadline")
    assert len(openhands.interrupted) == 1
    assert len(judged) == 1


def test_a_look_that_fails_says_nothing_about_the_job(run):
    error = ApiError("busy", status=503)
    jobs, _, told = run({"a": done("a", statuses=["running", error, "finished"])})

    assert jobs["a"].status == "succeeded"
    assert any("a look at the jobs failed" in line for line in told)


def test_a_lost_server_keeps_what_is_still_there(run):
    lost = ServerLostError("gone")
    jobs, _, _ = run({"a": done("a", statuses=["running", lost])}, clock=Clock(step=5))

    assert (jobs["a"].status, jobs["a"].cause) == ("failed", "server_lost")
    assert len(jobs["a"].files) == 1


def test_a_refused_create_fails_that_job_only(run):
    refused = Script(create_error=ApiError("no", status=422))
    jobs, _, _ = run({"bad": refused, "good": done("good")})

    assert (jobs["bad"].status, jobs["bad"].conversation_id) == ("failed", None)
    assert jobs["good"].status == "succeeded"


def test_a_conversation_that_never_begins_is_begun_anew(run):
    idle = Script(statuses=["idle"])

    class Wedged(StandInOpenHands):
        def create(self, assignment, base):
            super().create(assignment, base)
            if len(self.created) == 1:
                self.running[assignment.conversation_id] = idle

    jobs, openhands, _ = run({"a": done("a")}, openhands=Wedged, clock=Clock(step=5))

    assert openhands.created == ["a", "a"]
    assert (jobs["a"].status, jobs["a"].attempts) == ("succeeded", 1)


def test_a_status_nobody_asked_for_ends_the_job(run):
    jobs, _, _ = run({"a": Script(statuses=["waiting_for_confirmation"])})

    assert jobs["a"].status == "failed"
    assert "waiting_for_confirmation" in jobs["a"].message


def verdict(name, result, path="tests/test_a_spec.py"):
    return TestVerdict(
        id=f"{path}::{name}", verdict=result, reason="fails" if result == "rejected" else None
    )


def test_rejected_tests_go_back_once_and_come_in_a_file_of_their_own(run):
    repaired = Script(
        files={"tests/test_a_spec_repair1.py": TEST, "tests/test_a_spec.py": "# bent\n"}
    )
    judged = []

    def judge(files):
        judged.append([file.path for file in files])
        return [verdict("test_x", "rejected"), verdict("test_y", "disputed")]

    jobs, openhands, _ = run({"a": done("a", replies=[repaired])}, judge=judge, repair_rounds=1)

    assert judged == [["tests/test_a_spec.py"], ["tests/test_a_spec_repair1.py"]]
    assert "test_x" in openhands.messages[0]
    assert "test_y" not in openhands.messages[0]
    assert jobs["a"].repairs == 1
    assert {file.path: file.content for file in jobs["a"].files} == {
        "tests/test_a_spec.py": TEST,
        "tests/test_a_spec_repair1.py": TEST,
    }


def test_disputed_tests_never_go_back(run):
    jobs, openhands, _ = run(
        {"a": done("a")}, judge=lambda _: [verdict("test_y", "disputed")], repair_rounds=1
    )

    assert openhands.messages == []
    assert jobs["a"].repairs == 0


def test_no_repaired_test_is_no_failure(run):
    jobs, _, _ = run(
        {"a": done("a", replies=[Script()])},
        judge=lambda _: [verdict("test_x", "rejected")],
        repair_rounds=1,
    )

    assert jobs["a"].status == "succeeded"


def test_others_are_polled_while_one_is_judged(run):
    """The judge of the first job waits for the second to be collected: no barrier between."""
    second_collected = threading.Event()

    def judge(files):
        if files[0].path == "tests/test_b_spec.py":
            second_collected.set()
        else:
            assert second_collected.wait(10)
        return ()

    with ThreadPoolExecutor(4) as executor:
        jobs, _, _ = run({"a": done("a"), "b": done("b")}, executor=executor, judge=judge)

    assert {job.status for job in jobs.values()} == {"succeeded"}


def test_there_is_one_look_at_a_time_whatever_else_happens(run):
    class Counting(StandInOpenHands):
        looks = 0

        def states(self, conversations):
            self.looks += 1
            return super().states(conversations)

    clock = Clock(step=0.0001)
    scripts = {name: done(name, statuses=["running"] * 3 + ["finished"]) for name in "abcdefgh"}
    _, openhands, _ = run(scripts, openhands=Counting, clock=clock, max_parallel=3)

    assert openhands.looks <= clock.now / 0.001 + 1


def test_usage_is_what_the_server_said_last(run):
    jobs, _, _ = run({"a": done("a")})

    assert jobs["a"].usage.prompt_tokens == 10


# --- failures by cause -----------------------------------------------------------------------


def failing(cause, **more):
    return Script(statuses=["error"], failure=Failure(cause, "so it is"), usage=Usage(), **more)


@pytest.mark.parametrize("cause", ["auth", "quota", "configuration"])
def test_what_every_job_would_meet_stops_those_that_wait(run, cause):
    scripts = {"a": failing(cause), "b": done("b"), "c": done("c")}
    jobs, openhands, _ = run(scripts, max_parallel=1)

    assert openhands.created == ["a"]
    assert [job.status for job in jobs.values()] == ["failed", "skipped", "skipped"]
    assert {job.cause for job in jobs.values()} == {cause}
    assert jobs["b"].message.startswith("Not sent. so it is.")


def test_a_request_refused_after_the_model_has_answered_stops_nobody(run):
    scripts = {"a": done("a"), "b": failing("configuration"), "c": done("c")}
    jobs, _, _ = run(scripts, max_parallel=1)

    assert [job.status for job in jobs.values()] == ["succeeded", "failed", "succeeded"]


def test_a_conversation_that_begins_anew_may_be_asked_for_its_file_as_well(run):
    lost, finished = Script(statuses=[None]), done("a")
    jobs, openhands, _ = run({"a": Script(statuses=["finished"], replies=[lost, finished])})

    assert (jobs["a"].status, jobs["a"].attempts, jobs["a"].nudges) == ("succeeded", 1, 2)
    assert openhands.created == ["a", "a"]


def test_a_conversation_that_is_left_for_another_is_deleted(run):
    _, openhands, _ = run({"a": Script(statuses=["running", None])})

    assert openhands.created == ["a"] * 4
    assert len(openhands.deleted) == 4
    assert not openhands.running


def test_what_the_system_refuses_costs_the_job_that_asked(run):
    refused = Script(create_error=OSError(28, "No space left on device"))
    jobs, _, _ = run({"a": refused, "b": done("b")})

    assert (jobs["a"].status, jobs["a"].cause) == ("failed", "unknown")
    assert "No space left on device" in jobs["a"].message
    assert jobs["b"].status == "succeeded"


@pytest.mark.parametrize("cause", ["rate_limit", "transient"])
def test_after_a_fault_that_passes_the_same_conversation_goes_on(run, cause):
    jobs, openhands, _ = run({"a": failing(cause, replies=[done("a")])})

    assert (jobs["a"].status, jobs["a"].attempts) == ("succeeded", 1)
    assert openhands.created == ["a"]


def test_a_fault_that_does_not_pass_is_given_up_after_three_more_attempts(run):
    script = failing("transient")
    for _ in range(3):
        script = failing("transient", replies=[script])
    jobs, _, _ = run({"a": script}, clock=Clock(step=1))

    assert (jobs["a"].status, jobs["a"].cause, jobs["a"].attempts) == ("failed", "transient", 3)


def test_a_lost_conversation_begins_anew_and_both_are_paid(run):
    statuses = ["running", None, "running", "finished"]
    jobs, openhands, _ = run({"a": done("a", statuses=statuses)})

    assert (jobs["a"].status, jobs["a"].attempts) == ("succeeded", 1)
    assert openhands.created == ["a", "a"]
    assert jobs["a"].usage.prompt_tokens == 20


def test_out_of_quota_the_next_model_is_used_and_named(run):
    class OnlySecond(StandInOpenHands):
        def create(self, assignment, base):
            super().create(assignment, base)
            if assignment.model.name == "m":
                self.running[assignment.conversation_id] = failing("quota")

    scripts = {"a": done("a"), "b": done("b")}
    jobs, _, _ = run(scripts, openhands=OnlySecond, fallbacks=(Model("second"),))

    assert {job.status for job in jobs.values()} == {"succeeded"}
    (problem,) = run.jobs.problems()
    assert "m is out of quota" in problem.message
    assert "second" in problem.hint


def test_a_full_server_is_waited_for(run):
    class Full(StandInOpenHands):
        refused = 0

        def create(self, assignment, base):
            if len(self._at_work) == 2:
                self.refused += 1
                raise ApiError("full", status=429)
            super().create(assignment, base)

    scripts = {name: done(name, statuses=["running"] * 5 + ["finished"]) for name in "abcdefgh"}
    jobs, openhands, _ = run(scripts, openhands=Full, max_parallel=8)

    assert {job.status for job in jobs.values()} == {"succeeded"}
    assert sorted(openhands.created) == sorted(scripts)
    assert openhands.refused < len(scripts) * 2


# --- the budget ------------------------------------------------------------------------------


def test_a_used_up_budget_interrupts_judges_what_there_is_and_skips_the_rest(run):
    judged = []
    working = done("a", statuses=["running"])
    jobs, openhands, _ = run(
        {"a": working, "b": done("b")},
        max_parallel=1,
        judge=lambda files: judged.extend(files) or (),
        budget=Budget(tokens=11),
    )

    assert [(job.status, job.cause) for job in jobs.values()] == [
        ("cancelled", "budget"),
        ("skipped", "budget"),
    ]
    assert len(openhands.interrupted) == 1
    assert [file.path for file in judged] == ["tests/test_a_spec.py"]
    (problem,) = run.jobs.problems()
    assert problem.message.startswith("stopped: budget after 0/1 requirements. ")
    assert "max-tokens (11)" in problem.message


def test_no_job_begins_that_what_is_left_would_not_carry(run):
    jobs, openhands, _ = run(
        {name: done(name) for name in "abc"}, max_parallel=1, budget=Budget(tokens=30)
    )

    assert openhands.created == ["a", "b"]
    assert (jobs["c"].status, jobs["c"].cause) == ("skipped", "budget")
    assert openhands.interrupted == []


def test_at_the_end_of_the_time_what_runs_is_interrupted(run):
    jobs, _, _ = run({"a": done("a", statuses=["running"])}, budget=Budget(seconds=1))

    assert (jobs["a"].status, jobs["a"].cause) == ("cancelled", "budget")
    assert "total-timeout (1 s)" in jobs["a"].message


def test_money_that_cannot_be_counted_is_a_problem(run):
    jobs, _, _ = run({"a": done("a")}, budget=Budget(cost_usd=1))

    assert jobs["a"].status == "succeeded"
    (problem,) = run.jobs.problems()
    assert "max-cost-usd could not be watched" in problem.message


# --- answers of an earlier run ---------------------------------------------------------------


def test_known_answers_are_judged_together_and_each_gets_its_own_verdicts(run):
    judged = []

    def judge(files):
        judged.append([file.path for file in files])
        return [
            verdict("test_x", "accepted"),
            verdict("test_x", "rejected", "tests/test_b_spec.py"),
        ]

    answers = {
        name: [GeneratedFile(path=f"tests/test_{name}_spec.py", content="def test_x(): pass\n")]
        for name in "ab"
    }
    jobs, _, _ = run({"a": done("a"), "b": done("b")}, answers=answers, judge=judge)

    assert judged == [["tests/test_a_spec.py", "tests/test_b_spec.py"]]
    assert [job.status for job in jobs.values()] == ["succeeded"] * 2
    assert list(run.kept) == ["a"]


def test_a_known_answer_is_judged_and_nothing_is_sent(run):
    file = GeneratedFile(path="tests/test_a_spec.py", content=TEST)
    jobs, openhands, _ = run(
        {"a": done("a")},
        answers={"a": [file]},
        judge=lambda _: [verdict("test_x", "rejected"), verdict("test_y", "accepted")],
        repair_rounds=1,
    )

    assert openhands.created == []
    assert (jobs["a"].status, jobs["a"].from_cache) == ("succeeded", True)
    assert jobs["a"].files == (file,)
    assert run.kept == {"a": (file,)}


@pytest.mark.parametrize(
    ("result", "kept"), [("accepted", ["a"]), ("disputed", ["a"]), ("rejected", [])]
)
def test_an_answer_that_proved_something_is_kept(run, result, kept):
    run({"a": done("a")}, judge=lambda _: [verdict("test_x", result)])

    assert list(run.kept) == kept


def test_what_a_failed_job_left_is_not_kept(run):
    script = done("a", statuses=["stuck"], failure=Failure("stuck", "again"))
    run({"a": script}, judge=lambda _: [verdict("test_x", "accepted")])

    assert run.kept == {}


# --- a run that died before ------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path):
    """Opens the journal of a run over the tasks named."""
    opened = []

    def journal(names="ab"):
        tasks = [task(name) for name in names]
        opened.append(Journal.open(tmp_path / "kept", tasks, "c0ffee", print))
        return opened[-1]

    yield journal
    for each in opened:
        each.close()


def test_a_conversation_that_still_runs_is_taken_up_and_not_begun_again(run, journal):
    died = journal()
    left = uuid.uuid4()
    died.began(task("a"), left)
    died.close()

    class Left(StandInOpenHands):
        def __init__(self, scripts):
            super().__init__(scripts)
            self.running[left] = done("a")
            self.files[left] = dict(done("a").files)

    jobs, openhands, told = run({"a": done("a"), "b": done("b")}, openhands=Left, journal=journal())

    assert openhands.created == ["b"]
    assert {job.status for job in jobs.values()} == {"succeeded"}
    assert jobs["a"].conversation_id == str(left)
    assert left in openhands.deleted
    assert any("goes on where an earlier run" in line for line in told)


def test_a_conversation_that_is_gone_begins_anew(run, journal):
    died = journal()
    died.began(task("a"), uuid.uuid4())
    died.close()

    jobs, openhands, _ = run({"a": done("a"), "b": done("b")}, journal=journal())

    assert sorted(openhands.created) == ["a", "b"]
    assert {job.status for job in jobs.values()} == {"succeeded"}


def test_of_a_conversation_that_is_gone_the_answer_is_taken(run, journal):
    file = GeneratedFile(path="tests/test_a_spec.py", content=TEST)
    died = journal("a")
    died.answered(task("a"), uuid.uuid4(), [file])
    died.close()
    later = journal("a")

    jobs, openhands, _ = run({"a": done("a")}, journal=later, answers=later.answers([task("a")]))

    assert openhands.created == []
    assert (jobs["a"].files, jobs["a"].from_cache) == ((file,), True)


def test_the_journal_has_the_answers_of_jobs_that_ended(run, journal):
    first = journal()
    run({"a": done("a"), "b": failing("stuck")}, journal=first)
    first.close()

    assert list(journal().answers([task("a"), task("b")])) == ["a"]


def test_an_interrupted_run_keeps_what_was_not_judged_yet(run, journal):
    first = journal()

    def interrupted(_):
        run.jobs.cancel()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run({"a": done("a")}, judge=interrupted, journal=first)
    first.close()

    assert list(journal().answers([task("a")])) == ["a"]
