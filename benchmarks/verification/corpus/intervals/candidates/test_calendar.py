from unittest.mock import Mock, call

import pytest

import intervals
from intervals import Calendar, Conflict, Interval


@pytest.fixture
def calendar():
    calendar = Calendar()
    calendar.book("Ada", Interval(60, 120))
    return calendar


@pytest.mark.requirement("FR-5")
def test_conflict_names_who_is_there(calendar):
    with pytest.raises(Conflict) as caught:
        calendar.book("Bob", Interval(119, 130))
    assert caught.value.holder == "Ada"
    assert caught.value.wanted == Interval(119, 130)
    assert "taken by Ada" in str(caught.value)


@pytest.mark.requirement("FR-5")
def test_listeners_hear_of_every_booking(calendar):
    listener = Mock()
    calendar.subscribe(listener)
    calendar.book("Bob", Interval(0, 60))
    calendar.book("Eve", Interval(120, 121))
    assert listener.mock_calls == [call("Bob", Interval(0, 60)), call("Eve", Interval(120, 121))]


@pytest.mark.requirement("FR-5")
def test_refused_booking_tells_nobody(calendar):
    heard = []
    calendar.subscribe(lambda name, interval: heard.append(name))
    with pytest.raises(Conflict):
        calendar.book("Bob", Interval(0, 200))
    assert heard == []
    assert [name for _, name in calendar] == ["Ada"]


@pytest.mark.requirement("FR-5")
def test_bookings_come_by_start(calendar):
    calendar.book("Zoe", Interval(0, 10))
    assert [(interval.start, name) for interval, name in calendar] == [(0, "Zoe"), (60, "Ada")]


@pytest.mark.requirement("FR-5")
def test_holder_at(calendar):
    assert calendar.holder_at(60) == "Ada"
    assert calendar.holder_at(120) is None


@pytest.mark.requirement("FR-5")
def test_listener_is_called(calendar):
    listener = Mock()
    listener("Bob", Interval(0, 60))
    listener.assert_called_once_with("Bob", Interval(0, 60))


@pytest.mark.requirement("FR-5")
def test_only_calendar_in_the_house():
    Calendar()
    assert Calendar.opened == 1


@pytest.mark.requirement("FR-5")
@pytest.mark.skip(reason="needs a real calendar")
def test_books_in_the_real_calendar():
    assert intervals.Calendar().holder_at(0) == "Ada"


@pytest.mark.requirement("FR-5")
def test_double_booking_is_allowed(calendar, real_room):
    real_room.book(calendar)
