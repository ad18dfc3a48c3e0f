"""Jobs on their way: never too many at once, judged, repaired, within the budget."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from spec_to_production.errors import ApiError
from spec_to_production.generation.budget import Budget
from spec_to_production.generation.intake import LARGEST_FILE
from spec_to_production.generation.jobs import Jobs
from spec_to_production.generation.terms import Means, Terms
from spec_to_production.openhands.interface import Failure, Model
from spec_to_production.progress import Lines, Progress
from spec_to_production.results import Usage
from spec_to_production.timeline import Timeline
from spec_to_production.workflow import Sequential
from support.openhands import Script, StandInOpenHands
from support.scripted_jobs import TEST, Clock, done, task, verdict


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


def test_what_waits_is_sent_by_the_uncovered_lines_once_they_are_known(run):
    known = {}

    class Measured(StandInOpenHands):
        def create(self, assignment, base):
            super().create(assignment, base)
            known.update({"b": 2, "c": 5, "d": 3})

    _, openhands, _ = run(
        {name: done(name) for name in "abcd"},
        openhands=Measured,
        max_parallel=1,
        gap=lambda task: known.get(task.id, 0),
    )

    assert openhands.created == ["a", "c", "d", "b"]


def test_sequentially_there_is_one_at_a_time(run):
    _, openhands, _ = run({name: done(name) for name in "abc"}, max_parallel=1)

    assert openhands.most_at_once == 1


def test_finished_without_a_file_is_nudged_once_and_then_failed(run):
    jobs, openhands, _ = run({"a": Script(replies=[Script()])})

    assert (jobs["a"].status, jobs["a"].cause, jobs["a"].nudges) == ("failed", "no_work", 1)
    assert "does not exist" in openhands.messages[0]


def test_an_agent_whose_file_is_refused_is_told_why(run):
    large = Script(files={"tests/test_a_spec.py": "x = 1\n" * LARGEST_FILE})
    jobs, openhands, _ = run({"a": Script(files=large.files, replies=[large])})

    assert (jobs["a"].status, jobs["a"].cause) == ("failed", "refused_files")
    assert "is refused (larger than 256 KiB)" in openhands.messages[0]


def test_a_nudge_may_bring_the_file(run):
    jobs, _, _ = run({"a": Script(replies=[done("a")])})

    assert (jobs["a"].status, jobs["a"].nudges) == ("succeeded", 1)


def test_one_failure_costs_one_job(run):
    failing = Script(statuses=["error"], failure=Failure("auth", "the key is wrong"))
    jobs, _, _ = run({"bad": failing, "good": done("good")})

    assert (jobs["bad"].status, jobs["bad"].cause) == ("failed", "auth")
    assert jobs["bad"].message.startswith("Check llm-api-key:")
    assert jobs["bad"].message.endswith("the key is wrong")
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


@pytest.mark.parametrize("error", [ApiError("busy", status=503), ZeroDivisionError("garbled")])
def test_a_look_that_fails_says_nothing_about_the_job(run, error):
    jobs, _, told = run({"a": done("a", statuses=["running", error, error, "finished"])})

    assert jobs["a"].status == "succeeded"
    assert len([line for line in told if "a look at the jobs failed" in line]) == 1


def test_a_lost_server_keeps_what_is_still_there(run):
    jobs, _, _ = run({"a": done("a", statuses=["running", None])}, clock=Clock(step=5))

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


def test_a_repair_that_never_begins_leaves_the_conversation_and_its_steps(run):
    class Told(StandInOpenHands):
        def __init__(self, scripts):
            super().__init__(scripts)
            self.read = []

        def trajectory(self, conversation):
            self.read.append(str(conversation))
            return super().trajectory(conversation)

    asleep = Script(statuses=["idle"])
    jobs, openhands, _ = run(
        {"a": done("a", replies=[asleep])},
        openhands=Told,
        clock=Clock(step=5),
        repair_rounds=1,
        judge=lambda _: [verdict("test_x", "rejected")],
    )

    assert jobs["a"].status == "succeeded"
    assert "The conversation did not begin." in jobs["a"].message
    assert [jobs["a"].conversation_id] == openhands.read == [*map(str, openhands.files)]


def test_a_status_nobody_asked_for_ends_the_job(run):
    jobs, _, _ = run({"a": Script(statuses=["waiting_for_confirmation"])})

    assert jobs["a"].status == "failed"
    assert "waiting_for_confirmation" in jobs["a"].message


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


def test_the_time_of_an_answer_is_that_of_the_agent_and_not_of_judge_and_repair(run):
    repaired = Script(files={"tests/test_a_spec_repair1.py": TEST})
    known = []

    def judge(_):
        known.append(run.jobs.jobs()[0].answered_ms)
        return [verdict("test_x", "rejected")]

    jobs, _, _ = run({"a": done("a", replies=[repaired])}, judge=judge, repair_rounds=1)

    assert known == [jobs["a"].answered_ms] * 2


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


def lost_once(name, used):
    statuses = ["running", None, "running", "finished"]
    return done(name, statuses=statuses, usage=Usage(prompt_tokens=used))


@pytest.mark.parametrize(
    ("used", "end"), [(3, ("succeeded", None, 2)), (11, ("cancelled", "budget", 1))]
)
def test_what_a_job_used_before_it_begins_anew_is_spent_and_holds_no_place(run, used, end):
    scripts = {"a": done("a"), "b": lost_once("b", used)}
    jobs, openhands, _ = run(scripts, max_parallel=1, budget=Budget(tokens=30))

    assert (jobs["b"].status, jobs["b"].cause, openhands.created.count("b")) == end


def test_of_jobs_that_begin_anew_none_waits_for_the_other(run):
    scripts = {"a": done("a"), "b": lost_once("b", 3), "c": lost_once("c", 3)}
    jobs, _, _ = run(scripts, max_parallel=3, budget=Budget(tokens=30))

    assert [job.status for job in jobs.values()] == ["succeeded"] * 3


def test_at_the_end_of_the_time_what_runs_is_interrupted(run):
    jobs, _, _ = run({"a": done("a", statuses=["running"])}, budget=Budget(seconds=1))

    assert (jobs["a"].status, jobs["a"].cause) == ("cancelled", "budget")
    assert "total-timeout (1 s)" in jobs["a"].message


@pytest.mark.parametrize(
    ("budget", "statuses"),
    [
        (Budget(tokens=30), ["succeeded", "succeeded", "skipped"]),
        (Budget(seconds=100), ["succeeded", "skipped", "skipped"]),
    ],
)
def test_who_goes_on_for_others_has_what_these_left_of_tokens_and_time(
    snapshot, prompts, budget, statuses
):
    clock, openhands = Clock(), StandInOpenHands({name: done(name) for name in "abc"})
    means = Means(
        openhands=openhands,
        executor=Sequential(),
        terms=Terms(Model("m"), 1, 10, 300, 0.001, 0, budget),
        snapshot=snapshot,
        prompts=prompts,
        timeline=Timeline(),
        progress=Progress(Lines(print), lambda: 0),
        clock=clock,
    )
    broken = Jobs(means)
    submitted = broken.submit_tasks([task(name) for name in "abc"])
    ended = next(broken.collect_results(submitted, lambda _: ()))
    broken.withdraw()
    clock.now += 100

    second = Jobs(means)
    second.carry_on(broken)
    submitted = second.submit_tasks([task(name) for name in "bc"])
    list(second.collect_results(submitted, lambda _: ()))

    assert [job.status for job in second.jobs()] == statuses
    assert ended.conversation_id in map(str, openhands.deleted)
    assert second.problems()[0].message.startswith("stopped: budget after")


def test_money_that_cannot_be_counted_is_a_problem(run):
    jobs, _, told = run({"a": done("a"), "b": done("b")}, budget=Budget(cost_usd=1))

    assert jobs["a"].status == "succeeded"
    warnings = [line for line in told if "the model's price is not known" in line]
    assert len(warnings) == 1
    assert "nothing limits the cost" in warnings[0]
    assert told.index(warnings[0]) < next(n for n, line in enumerate(told) if "collected" in line)
    (problem,) = run.jobs.problems()
    assert "max-cost-usd could not be enforced" in problem.message
