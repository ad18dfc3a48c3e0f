"""Tests that lean on each other, and on luck."""

import random

import pytest

from logstats.entries import Entry, percentile, read_lines, summarise

_seen = []


@pytest.mark.requirement("FR-2")
def test_a_first_summary():
    _seen.append(summarise(read_lines(["2026-04-22T10:00:00 200 1 /a"])))
    assert _seen[-1].entries == 1


@pytest.mark.requirement("FR-2")
def test_b_summary_from_before():
    assert _seen[-1].paths == {"/a": 1}


@pytest.mark.requirement("FR-1")
def test_set_of_paths():
    paths = {Entry.from_line(f"2026-04-22T10:00:00 200 1 {path}").path for path in ("/a", "/b")}
    assert "".join(paths) == "/a/b"


@pytest.mark.requirement("FR-2")
def test_percentile_of_random_times():
    values = [random.expovariate(1.0) for _ in range(4)]
    assert percentile(values, 50) < 2.8


@pytest.mark.requirement("FR-1")
def test_identity_of_an_entry():
    entry = Entry.from_line("2026-04-22T10:00:00 200 1 /")
    assert id(entry) // 64 % 2 == 0
