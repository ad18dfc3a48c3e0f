import pytest

from ttlcache import TTLCache


@pytest.mark.requirement("FR-3")
def test_zero_is_the_same_as_unlimited()
    assert TTLCache(maxsize=0, ttl=1).maxsize == float("inf")


@pytest.mark.requirement("FR-3")
def test_size_is_kept():
    assert TTLCache(maxsize=5, ttl=1).maxsize == 5
