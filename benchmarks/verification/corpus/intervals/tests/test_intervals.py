from intervals import Calendar, Interval, merge


def test_overlapping_intervals_are_merged():
    assert merge([Interval(0, 5), Interval(3, 9)]) == [Interval(0, 9)]


def test_intervals_apart_stay_apart():
    assert merge([Interval(6, 9), Interval(0, 5)]) == [Interval(0, 5), Interval(6, 9)]


def test_first_booking_is_booked():
    calendar = Calendar()
    calendar.book("Ada", Interval(0, 60))
    assert len(calendar) == 1


def test_number_of_calendars_is_counted():
    before = Calendar.opened
    Calendar()
    assert Calendar.opened == before + 1
