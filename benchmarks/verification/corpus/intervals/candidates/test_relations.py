import itertools
import time

import pytest

from intervals import Interval


def all_intervals(limit):
    return [Interval(a, b) for a, b in itertools.combinations(range(limit), 2)]


@pytest.mark.requirement("FR-2")
def test_overlap_means_a_shared_point():
    for one, other in itertools.product(all_intervals(6), repeat=2):
        shared = set(range(one.start, one.end)) & set(range(other.start, other.end))
        assert one.overlaps(other) == bool(shared), (one, other)


@pytest.mark.requirement("FR-2")
def test_touching_is_symmetric_and_is_no_overlap():
    morning, noon = Interval(0, 720), Interval(720, 780)
    assert morning.touches(noon)
    assert noon.touches(morning)
    assert not morning.overlaps(noon)


@pytest.mark.requirement("FR-2")
def test_apart_is_not_touching():
    assert not Interval(0, 5).touches(Interval(6, 7))


@pytest.mark.requirement("FR-2")
def test_overlaps_agrees_with_itself():
    for one, other in itertools.product(all_intervals(4), repeat=2):
        assert one.overlaps(other) == one.overlaps(other)


@pytest.mark.requirement("FR-2")
def test_an_interval_touches_itself():
    assert Interval(0, 5).touches(Interval(0, 5))


@pytest.mark.requirement("FR-2")
def test_overlap_at_the_current_minute():
    minute = int(time.time_ns() // 1000 % 10)
    assert Interval(0, 10).overlaps(Interval(minute, minute + 1))
    assert Interval(0, 9).overlaps(Interval(minute, minute + 1))
