"""Every phase of a job has its end, whatever hangs."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from spec_to_production.errors import ApiError
from spec_to_production.generation.budget import Budget
from spec_to_production.generation.course import DELETED_AT_ONCE
from spec_to_production.generation.jobs import JUDGED_AT_ONCE, threads_for
from spec_to_production.openhands.client import LateAnswerError
from spec_to_production.openhands.interface import Failure
from support.openhands import Script, StandInOpenHands
from support.scripted_jobs import Clock, done, verdict


class Hanging(StandInOpenHands):
    """One method goes on until it is released; only while it hangs does time pass."""

    def __init__(self, method, clock, scripts):
        super().__init__(scripts)
        self.released = threading.Event()
        self._clock, self._hangs = clock, getattr(super(), method)
        setattr(self, method, self._hang)

    def _hang(self, *given):
        self._clock.step = 1
        assert self.released.wait(30)
        return self._hangs(*given)


@pytest.mark.parametrize(
    ("budget", "end"),
    [
        (Budget(seconds=5), ("cancelled", "budget")),
        (Budget(), ("timed_out", "deadline")),
    ],
)
def test_a_creation_that_hangs_is_not_waited_for_and_what_comes_of_it_is_deleted(run, budget, end):
    clock = Clock(step=0)
    with ThreadPoolExecutor(4) as executor:
        jobs, openhands, _ = run(
            {"a": done("a")},
            openhands=partial(Hanging, "create", clock),
            executor=executor,
            clock=clock,
            budget=budget,
        )

        assert (jobs["a"].status, jobs["a"].cause) == end
        assert (jobs["a"].conversation_id, openhands.created) == (None, [])
        openhands.released.set()

    assert openhands.created == ["a"]
    assert len(openhands.deleted) == 1
    assert not openhands.running


def test_what_may_have_begun_though_no_answer_came_is_deleted_when_the_job_ends(run):
    class Late(StandInOpenHands):
        def create(self, assignment, base):
            super().create(assignment, base)
            raise LateAnswerError("It did not answer in time.")

    jobs, openhands, _ = run({"a": done("a")}, openhands=Late)

    assert (jobs["a"].status, jobs["a"].cause) == ("failed", "transient")
    assert set(openhands.deleted) == set(openhands.files)


def test_a_collection_that_hangs_is_given_up(run):
    clock = Clock(step=0)
    with ThreadPoolExecutor(4) as executor:
        jobs, openhands, _ = run(
            {"a": done("a", statuses=["finished"])},
            openhands=partial(Hanging, "patch", clock),
            executor=executor,
            clock=clock,
        )

        assert (jobs["a"].status, jobs["a"].cause) == ("timed_out", "deadline")
        assert "could not be collected within 120 s" in jobs["a"].message
        openhands.released.set()


def test_of_an_interrupted_agent_whose_files_cannot_be_collected_both_is_told(run):
    clock = Clock(step=0)
    with ThreadPoolExecutor(4) as executor:
        jobs, openhands, _ = run(
            {"a": done("a", statuses=["running"])},
            openhands=partial(Hanging, "patch", clock),
            executor=executor,
            clock=clock,
            budget=Budget(tokens=1),
        )

        assert (jobs["a"].status, jobs["a"].cause) == ("cancelled", "budget")
        assert "max-tokens (1) is used up" in jobs["a"].message
        assert "could not be collected within 120 s" in jobs["a"].message
        openhands.released.set()


class SlowToTell(StandInOpenHands):
    """Gives no agent's steps before every job has been sent."""

    def __init__(self, scripts):
        super().__init__(scripts)
        self.all_sent = threading.Event()

    def create(self, assignment, base):
        super().create(assignment, base)
        if len(self.created) == len(self._scripts):
            self.all_sent.set()

    def trajectory(self, conversation):
        assert self.all_sent.wait(20)
        return super().trajectory(conversation)


def test_whatever_is_slow_to_be_deleted_and_judged_holds_up_none_that_waits(run):
    deleted = [f"deleted{n}" for n in range(2 * DELETED_AT_ONCE)]
    judged = [f"judged{n}" for n in range(JUDGED_AT_ONCE)]
    names = [*deleted, *judged, "last"]
    openhands = SlowToTell({name: done(name) for name in names})

    def judge(files):
        if "judged" in files[0].path:
            assert openhands.all_sent.wait(20)
        return ()

    with ThreadPoolExecutor(threads_for(1)) as executor:
        jobs, _, _ = run(
            {name: done(name) for name in names},
            openhands=lambda _: openhands,
            executor=executor,
            max_parallel=1,
            judge=judge,
        )

    assert {job.status for job in jobs.values()} == {"succeeded"}
    assert len(openhands.deleted) == len(names)


class Timed(StandInOpenHands):
    """Knows when it was interrupted."""

    def __init__(self, clock, scripts):
        super().__init__(scripts)
        self.clock, self.interrupted_at = clock, []

    def interrupt(self, conversation):
        super().interrupt(conversation)
        self.interrupted_at.append(self.clock.now)


@pytest.mark.parametrize("status", ["finished", "error"])
def test_who_is_asked_once_more_has_no_more_time(run, status):
    clock = Clock(step=1)
    script = Script(
        statuses=[*["running"] * 8, status],
        failure=Failure("transient", "for a while"),
        replies=[Script(statuses=["running"])],
    )
    jobs, openhands, _ = run({"a": script}, clock=clock, openhands=partial(Timed, clock))

    assert (jobs["a"].status, len(openhands.messages)) == ("timed_out", 1)
    assert 300 < openhands.interrupted_at[0] < 330


def test_a_repair_has_the_time_of_a_job_once_more(run):
    clock = Clock(step=5)
    repaired = Script(
        statuses=[*["running"] * 6, "finished"], files={"tests/test_a_spec_repair1.py": "x = 1\n"}
    )
    script = done("a", statuses=[*["running"] * 6, "finished"], replies=[repaired])
    jobs, _, _ = run(
        {"a": script},
        clock=clock,
        repair_rounds=1,
        judge=lambda _: [verdict("test_x", "rejected")],
    )

    assert clock.now > 300
    assert (jobs["a"].status, jobs["a"].message) == ("succeeded", "")
    assert len(jobs["a"].files) == 2


def test_a_server_too_full_for_a_reminder_is_asked_again(run):
    class Full(StandInOpenHands):
        times = 2

        def say(self, conversation, text):
            if self.times:
                self.times -= 1
                raise ApiError("full", status=429)
            super().say(conversation, text)

    jobs, _, _ = run({"a": Script(replies=[done("a")])}, openhands=Full)

    assert (jobs["a"].status, jobs["a"].attempts, jobs["a"].nudges) == ("succeeded", 0, 1)
