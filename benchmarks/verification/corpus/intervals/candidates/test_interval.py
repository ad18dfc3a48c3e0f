import pickle

import pytest

from intervals import Interval


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize(("start", "end"), [(3, 3), (4, 3)])
def test_ends_after_it_starts(start, end):
    with pytest.raises(ValueError, match=f"{start}, {end}"):
        Interval(start, end)


@pytest.mark.requirement("FR-1")
def test_contains_start_and_not_end():
    hour = Interval(0, 60)
    assert 0 in hour
    assert 59 in hour
    assert 60 not in hour
    assert -1 not in hour


@pytest.mark.requirement("FR-1")
def test_contains_only_whole_numbers():
    assert "7" not in Interval(0, 60)
    assert 7.5 not in Interval(0, 60)


@pytest.mark.requirement("FR-1")
def test_length_counts_points():
    assert Interval(10, 25).length == 15


@pytest.mark.requirement("FR-1")
def test_reads_as_mathematicians_write_it():
    assert str(Interval(-3, 4)) == "[-3, 4)"


def test_survives_pickling():
    """Bookings are kept in a file; also checks FR-1 on the way back."""
    back = pickle.loads(pickle.dumps(Interval(1, 2)))
    assert isinstance(back, Interval)
    assert (back.start, back.end) == (1, 2)


@pytest.mark.requirement("FR-1")
def test_interval_is_something():
    assert Interval(0, 1) is not None
    assert isinstance(Interval(0, 1), object)
