"""What is done about a job that fails, by the cause."""

import pytest

from spec_to_production.errors import ApiError, OpenHandsError, ServerLostError
from spec_to_production.openhands.interface import Model
from support.openhands import Script, StandInOpenHands
from support.scripted_jobs import Clock, done, failing


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        ("auth", "Check llm-api-key:"),
        ("quota", "The account at the model's provider"),
        ("configuration", "Check llm-model and llm-base-url."),
    ],
)
def test_what_every_job_would_meet_stops_those_that_wait(run, cause, advice):
    scripts = {"a": failing(cause), "b": done("b"), "c": done("c")}
    jobs, openhands, _ = run(scripts, max_parallel=1)

    assert openhands.created == ["a"]
    assert [job.status for job in jobs.values()] == ["failed", "skipped", "skipped"]
    assert {job.cause for job in jobs.values()} == {cause}
    assert jobs["b"].message.startswith(f"Not sent. {advice}")


def test_a_model_that_may_be_asked_no_more_is_the_end_of_the_budget(run):
    scripts = {"a": failing("budget"), "b": done("b")}
    jobs, _, _ = run(scripts, max_parallel=1, fallbacks=(Model("second"),))

    assert [(job.status, job.cause, job.attempts) for job in jobs.values()] == [
        ("cancelled", "budget", 0),
        ("skipped", "budget", 0),
    ]
    (problem,) = run.jobs.problems()
    assert problem.message.startswith("stopped: budget after 0/1 requirements. ")


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


def test_a_fault_of_no_known_kind_costs_the_job_that_met_it(run):
    unheard_of = Script(create_error=ZeroDivisionError("nobody thought of it"))
    jobs, _, _ = run({"a": unheard_of, "b": done("b")})

    assert (jobs["a"].status, jobs["a"].cause) == ("failed", "unknown")
    assert jobs["a"].message.startswith("Internal error: ZeroDivisionError: nobody thought of it (")
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
    jobs, _, told = run({"a": script}, clock=Clock(step=1))

    assert (jobs["a"].status, jobs["a"].cause, jobs["a"].attempts) == ("failed", "transient", 3)
    assert jobs["a"].message.startswith("Run again later, or check llm-base-url:")
    assert jobs["a"].message.endswith("so it is")
    assert any("so it is; trying again in" in line for line in told)
    assert "a: failed: Run again later" in told[-1]


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
    assert problem.level == "note"


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


class Crowded(StandInOpenHands):
    """Whose places others hold, all but the first few that are asked for."""

    places = 0

    def create(self, assignment, base):
        if len(self.created) == self.places:
            raise ApiError("Conversation run limit reached.", status=429)
        super().create(assignment, base)


class Crowding(Crowded):
    places = 1


def test_a_server_that_stays_full_is_given_up_after_the_time_of_a_job(run):
    clock = Clock(step=0.1)
    jobs, openhands, _ = run({"a": done("a"), "b": done("b")}, openhands=Crowded, clock=clock)

    assert [(job.status, job.cause) for job in jobs.values()] == [("skipped", "deadline")] * 2
    assert "had no room for a job within 300 s" in jobs["a"].message
    assert openhands.created == []
    assert 300 < clock.now < 330


def test_the_time_that_a_server_may_be_full_begins_when_the_last_job_has_left_it(run):
    clock = Clock(step=1)
    long = done("a", statuses=[*["running"] * 20, "finished"])
    jobs, _, _ = run({"a": long, "b": done("b")}, openhands=Crowding, clock=clock)

    assert [job.status for job in jobs.values()] == ["succeeded", "skipped"]
    assert jobs["a"].ended_ms is not None
    assert clock.now > 400
