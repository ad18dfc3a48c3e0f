import functools
import random
import threading
import time

import pytest

from ttlcache import TTLCache, cached

CALLS = []


@cached(TTLCache(maxsize=8, ttl=3600))
def square(number):
    """Multiply a number by itself."""
    CALLS.append(number)
    return number * number


@pytest.mark.requirement("FR-4")
def test_asks_once():
    calls = []
    remember = cached(TTLCache(maxsize=8, ttl=60, clock=lambda: 0))(calls.append)
    remember("x")
    remember("x")
    remember("y")
    assert calls == ["x", "y"]


@pytest.mark.requirement("FR-4")
def test_exception_is_not_cached():
    answers = iter([OSError("down"), "up"])

    @cached(TTLCache(maxsize=1, ttl=60))
    def ask():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(OSError, match="down"):
        ask()
    assert ask() == "up"


@pytest.mark.requirement("FR-4")
def test_keeps_name_and_documentation():
    assert square.__name__ == "square"
    assert square.__doc__ == "Multiply a number by itself."


@pytest.mark.requirement("FR-4")
def test_first_call_reaches_the_function():
    assert square(3) == 9
    assert CALLS == [3]


@pytest.mark.requirement("FR-4")
def test_second_call_does_not_reach_the_function():
    assert square(2) == 4
    before = len(CALLS)
    assert square(3) == 9
    assert len(CALLS) == before


@pytest.mark.requirement("FR-4")
def test_caching_by_hand():
    memory = {}

    @functools.lru_cache(maxsize=None)
    def square(number):
        memory[number] = number * number
        return memory[number]

    assert square(4) == 16
    assert square(4) == 16
    assert memory == {4: 16}


@pytest.mark.requirement("FR-2")
def test_lives_for_half_a_millisecond():
    cache = TTLCache(maxsize=1, ttl=0.5, clock=lambda: time.time_ns() // 1_000_000)
    cache["a"] = 1
    until = time.perf_counter() + 0.0005
    while time.perf_counter() < until:
        pass
    assert "a" in cache


@pytest.mark.requirement("FR-4")
def test_two_threads_ask_once():
    calls = []

    @cached(TTLCache(maxsize=8, ttl=60))
    def slow(key):
        time.sleep(0.005)
        calls.append(key)

    def hurry():
        time.sleep(random.random() * 0.015)
        slow("x")

    threads = [threading.Thread(target=hurry) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


@pytest.mark.requirement("FR-4")
def test_keyword_arguments_are_part_of_the_key():
    assert square(number=5) == 25
