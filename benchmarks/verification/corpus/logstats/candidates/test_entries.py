import logging
from datetime import datetime

import pytest

from logstats.entries import Entry, Summary, percentile, read_lines, summarise

TEN = "2026-04-22T10:00:00"


@pytest.mark.requirement("FR-1")
def test_reads_every_field():
    assert Entry.from_line(f"{TEN} 503 7.25 /cart?id=1&x=/y") == Entry(
        datetime(2026, 4, 22, 10), 503, 7.25, "/cart"
    )
    assert Entry.from_line(f"{TEN} 503 7.25 /cart?id=1").path == "/cart"
    assert Entry.from_line(f"{TEN} 503 7.25 /cart").milliseconds == 7.25


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize("status", [99, 600, -1])
def test_status_out_of_range(status):
    with pytest.raises(ValueError, match=f"not a status: {status}"):
        Entry.from_line(f"{TEN} {status} 1 /")


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize("status", [100, 599])
def test_status_at_the_edge(status):
    assert Entry.from_line(f"{TEN} {status} 1 /").status == status


@pytest.mark.requirement("FR-1")
def test_lines_that_are_none_are_counted():
    skipped = []
    lines = ["", "   ", "nonsense", f"{TEN} 200 1 /", f"{TEN} 200 fast /", "yesterday 200 1 /"]
    assert len(list(read_lines(lines, skipped))) == 1
    assert skipped == ["nonsense", f"{TEN} 200 fast /", "yesterday 200 1 /"]


@pytest.mark.requirement("FR-1")
def test_skipped_lines_are_logged(caplog):
    with caplog.at_level(logging.WARNING, logger="logstats.entries"):
        assert list(read_lines(["nonsense"])) == []
    assert "skipped 'nonsense'" in caplog.text


@pytest.mark.requirement("FR-2")
def test_errors_begin_at_500():
    entries = read_lines(f"{TEN} {status} 1 /" for status in (404, 499, 500, 503))
    assert summarise(entries).errors == 2


@pytest.mark.requirement("FR-2")
def test_summary_of_nothing():
    assert summarise([]) == Summary(entries=0, errors=0, p95=None, paths={})


@pytest.mark.requirement("FR-2")
def test_paths_by_frequency():
    paths = ["/b", "/a", "/a", "/c", "/a", "/c"]
    entries = read_lines(f"{TEN} 200 1 {path}" for path in paths)
    assert list(summarise(entries).paths.items()) == [("/a", 3), ("/c", 2), ("/b", 1)]


@pytest.mark.requirement("FR-2")
def test_nearest_rank_of_a_hundred():
    assert percentile(list(range(1, 101)), 95) == 95


@pytest.mark.requirement("FR-2")
def test_p95_of_twenty_requests_leaves_one_above():
    entries = read_lines(f"{TEN} 200 {ms} /" for ms in range(20, 0, -1))
    assert summarise(entries).p95 == 19.0


@pytest.mark.requirement("FR-2")
def test_percentile_is_a_value():
    values = [3.0, 1.0, 2.0]
    result = percentile(values, 50)
    assert result in values or result not in values


@pytest.mark.requirement("FR-1")
def test_order_of_entries():
    early, late = (Entry.from_line(f"2026-04-22T{hour} 200 1 /") for hour in ("10:00", "11:00"))
    assert early < late
    assert sorted([late, early]) == [early, late]


@pytest.mark.requirement("FR-2")
def test_client_errors_are_errors():
    assert summarise(read_lines([f"{TEN} 404 1 /"])).errors == 1
