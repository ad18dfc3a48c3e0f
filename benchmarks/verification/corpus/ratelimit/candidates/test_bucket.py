import pytest

from ratelimit import Bucket


def stopped(*times):
    """A clock that shows the given times, then the last one for ever."""
    left = list(times)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize(("capacity", "rate"), [(0, 1), (-1, 1), (1, 0), (1, -0.5)])
def test_capacity_and_rate_are_positive(capacity, rate):
    with pytest.raises(ValueError, match="are positive"):
        Bucket(capacity, rate)


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize("count", [0, -3])
def test_takes_at_least_one(count):
    with pytest.raises(ValueError, match=f"at least one token is taken: {count}"):
        Bucket(3, 1).take(count)


@pytest.mark.requirement("FR-1")
def test_refused_take_takes_nothing():
    bucket = Bucket(3, 1, clock=stopped(0))
    assert not bucket.take(4)
    assert bucket.take(3)
    assert not bucket.take(1)


@pytest.mark.requirement("FR-2")
def test_half_a_second_is_half_a_token():
    bucket = Bucket(2, 1, clock=stopped(0, 0, 0.5, 1.0))
    assert bucket.take(2)
    assert not bucket.take()
    assert bucket.take()


@pytest.mark.requirement("FR-2")
def test_never_more_than_the_capacity():
    bucket = Bucket(5, 1, clock=stopped(0, 86_400))
    assert not bucket.take(6)


@pytest.mark.requirement("FR-2")
def test_a_day_of_rest_gives_one_burst():
    bucket = Bucket(5, 1, clock=stopped(0, 0, 86_400))
    bucket.take(5)
    burst = sum(bucket.take() for _ in range(20))
    assert burst == 5


@pytest.mark.requirement("FR-2")
def test_clock_that_goes_backwards():
    bucket = Bucket(2, 1, clock=stopped(100, 100, 50))
    bucket.take()
    assert bucket.take()
    assert not bucket.take()


@pytest.mark.requirement("FR-3")
def test_seconds_to_wait():
    bucket = Bucket(4, 0.5, clock=stopped(0))
    assert bucket.wait_for(4) == 0
    bucket.take(4)
    assert bucket.wait_for() == pytest.approx(2.0)
    assert bucket.wait_for(3) == pytest.approx(6.0)


@pytest.mark.requirement("FR-3")
def test_never_there():
    bucket = Bucket(4, 1)
    assert bucket.wait_for(4) == 0.0
    with pytest.raises(ValueError, match="5 tokens do not fit into 4"):
        bucket.wait_for(5)


@pytest.mark.requirement("FR-2")
def test_bucket_over_the_weekend():
    bucket = Bucket(5, 1, clock=stopped(0, 172_800))
    assert bucket.take(100), "two days of tokens"
