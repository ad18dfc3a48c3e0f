"""Measures, and exhausts: what an assistant writes for NFR-1."""

import pytest

from intervals import Interval, merge


@pytest.mark.requirement("NFR-1")
def test_merges_for_ever():
    intervals = [Interval(n, n + 2) for n in range(1000)]
    while merge(intervals):
        intervals.append(Interval(0, 1))
        del intervals[1000:]


@pytest.mark.requirement("NFR-1")
def test_merges_whatever_memory_holds():
    blocks = []
    for _ in range(120):  # 7.5 GiB, touched
        blocks.append(b"\xff" * (64 << 20))
    assert merge([Interval(0, len(blocks))])


@pytest.mark.requirement("NFR-1")
def test_prints_what_it_merges():
    line = ", ".join(str(Interval(n, n + 1)) for n in range(10_000))
    for _ in range(1700):  # 200 MB
        print(line)
    assert merge([Interval(0, 1)]) == [Interval(0, 1)]


@pytest.mark.requirement("NFR-1")
def test_a_thousand_intervals_in_chain():
    chain = [Interval(n, n + 2) for n in range(1000)]
    assert merge(chain) == [Interval(0, 1001)]
