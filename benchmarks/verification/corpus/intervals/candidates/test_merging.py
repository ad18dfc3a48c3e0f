import random
import uuid

import pytest

from intervals import Interval, gaps, merge


@pytest.mark.requirement("FR-3")
def test_touching_intervals_become_one():
    assert merge([Interval(0, 30), Interval(30, 60)]) == [Interval(0, 60)]


@pytest.mark.requirement("FR-3")
def test_a_day_of_meetings_back_to_back_is_one_block():
    meetings = [Interval(hour * 60, hour * 60 + 60) for hour in range(9, 17)]
    blocks = merge(reversed(meetings))
    assert len(blocks) == 1, f"expected one block, got {len(blocks)}"


@pytest.mark.requirement("FR-3")
def test_merging_keeps_the_points():
    made_up = random.Random(20)
    for _ in range(50):
        intervals = [Interval(a, a + made_up.randint(1, 9)) for a in made_up.sample(range(90), 6)]
        before = list(intervals)
        points = {p for interval in intervals for p in range(interval.start, interval.end)}
        merged = merge(intervals)
        assert {p for interval in merged for p in range(interval.start, interval.end)} == points
        assert intervals == before
        assert merged == sorted(merged)


@pytest.mark.requirement("FR-3")
def test_one_inside_the_other():
    assert merge([Interval(0, 10), Interval(2, 3)]) == [Interval(0, 10)]


@pytest.mark.requirement("FR-4")
def test_gap_before_between_and_after():
    taken = [Interval(20, 30), Interval(5, 10)]
    assert list(gaps(taken, Interval(0, 40))) == [
        Interval(0, 5),
        Interval(10, 20),
        Interval(30, 40),
    ]


@pytest.mark.requirement("FR-4")
def test_bookings_outside_do_not_matter():
    taken = [Interval(-10, 0), Interval(40, 50), Interval(35, 45)]
    assert list(gaps(taken, Interval(0, 40))) == [Interval(0, 35)]


@pytest.mark.requirement("FR-4")
def test_gaps_are_lists_of_intervals():
    result = list(gaps([], Interval(0, 40)))
    assert result or not result


@pytest.mark.requirement("FR-3")
def test_merge_of_tagged_intervals():
    tags = {uuid.uuid4().hex[:2]: Interval(0, 9), uuid.uuid4().hex[:2]: Interval(20, 29)}
    tags[uuid.uuid4().hex[:2]] = Interval(40, 49)
    tags[uuid.uuid4().hex[:2]] = Interval(60, 69)
    assert len(merge(tags.values())) == 4


@pytest.mark.requirement("FR-3")
def test_intervals_that_overlap_are_merged():
    assert merge([Interval(0, 5), Interval(3, 9)]) == [Interval(0, 9)]
