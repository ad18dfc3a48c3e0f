import pytest

from ttlcache import Stats, TTLCache


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(clock):
    return TTLCache(maxsize=2, ttl=10, clock=clock)


class TestAge:
    @pytest.mark.requirement("FR-2")
    def test_there_shortly_before(self, cache, clock):
        cache["a"] = 1
        clock.now = 9.9
        assert "a" in cache

    @pytest.mark.requirement("FR-2")
    def test_gone_when_as_old_as_the_time_to_live(self, cache, clock):
        cache["a"] = 1
        clock.now = 10
        assert "a" not in cache

    @pytest.mark.requirement("FR-2")
    def test_reading_at_the_very_end_is_a_miss(self, cache, clock):
        cache["a"] = 1
        clock.now = 10.0
        with pytest.raises(KeyError):
            cache["a"]

    @pytest.mark.requirement("FR-2")
    def test_gone_later(self, cache, clock):
        cache["a"] = 1
        clock.now = 10.5
        assert cache.get("a", "default") == "default"
        assert len(cache) == 0

    @pytest.mark.requirement("FR-1")
    def test_putting_again_makes_young_again(self, cache, clock):
        cache["a"] = 1
        clock.now = 8
        cache["a"] = 2
        clock.now = 16
        assert cache["a"] == 2


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize("ttl", [0, -1, -0.001])
def test_time_to_live_is_positive(ttl):
    with pytest.raises(ValueError, match="positive"):
        TTLCache(maxsize=1, ttl=ttl)


@pytest.mark.requirement("FR-1")
def test_none_is_a_value(cache):
    cache["nothing"] = None
    assert cache.get("nothing", "default") is None


@pytest.mark.requirement("FR-3")
def test_reading_is_using(cache):
    cache["a"], cache["b"] = 1, 2
    cache["a"]
    cache["c"] = 3
    assert sorted(cache) == ["a", "c"]
    assert cache.stats.dropped == 1


@pytest.mark.requirement("FR-3")
def test_replacing_drops_nobody(cache):
    cache["a"], cache["b"] = 1, 2
    cache["b"] = 3
    assert dict(cache) == {"a": 1, "b": 3}


@pytest.mark.requirement("FR-1")
def test_deleting_an_entry(cache):
    cache["a"] = 1
    del cache["a"]
    assert "a" not in cache


@pytest.mark.requirement("FR-5")
def test_hits_and_misses_are_counted(cache):
    cache["a"] = 1
    for key in "aab":
        cache.get(key)
    assert cache.stats == Stats(hits=2, misses=1, dropped=0)
    assert cache.stats.ratio == pytest.approx(2 / 3)


def test_ratio_before_the_first_look_up():
    # FR-5
    assert Stats().ratio == 0.0
