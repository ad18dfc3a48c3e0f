import pytest

from ttlcache import TTLCache


def test_what_was_put_is_found():
    cache = TTLCache(maxsize=2, ttl=60)
    cache["a"] = 1
    assert cache["a"] == 1


def test_unknown_key():
    with pytest.raises(KeyError):
        TTLCache(maxsize=2, ttl=60)["a"]
