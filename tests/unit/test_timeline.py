import pytest

from spec_to_production.results import STAGES
from spec_to_production.timeline import Timeline


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def timeline(clock):
    return Timeline(clock)


def test_stages_that_did_not_run_are_there_with_no_times(timeline):
    timings = timeline.timings()

    assert tuple(timings) == STAGES
    assert set(timings.values()) == {None}


def test_overlapping_work_of_one_stage_is_counted_once(timeline, clock):
    with timeline.measure("openhands_submission"):
        clock.now += 1
        with timeline.measure("openhands_submission"):
            clock.now += 2
        clock.now += 3

    timing = timeline.timings()["openhands_submission"]

    assert timing.busy_ms == 6000


def test_a_pause_counts_for_the_span_but_not_as_work(timeline, clock):
    for _ in range(2):
        with timeline.measure("verification"):
            clock.now += 1
        clock.now += 5

    timing = timeline.timings()["verification"]

    assert (timing.started_ms, timing.ended_ms, timing.busy_ms) == (0, 7000, 2000)


def test_a_stage_that_fails_is_measured_too(timeline, clock):
    def fail():
        clock.now += 0.5
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), timeline.measure("gates"):
        fail()

    assert timeline.timings()["gates"].busy_ms == 500


def test_a_stage_still_at_work_counts_until_now(timeline, clock):
    with timeline.measure("baseline"):
        clock.now += 2
        timing = timeline.timings()["baseline"]

    assert timing.ended_ms == 2000
