import asyncio
import datetime
import inspect
import random
import unittest

import pytest

from ratelimit import Limited, Limiter, limited


class LimiterCase(unittest.TestCase):
    def setUp(self):
        self.now = 0.0
        self.limiter = Limiter(1, 0.5, clock=lambda: self.now)
        self.limiter.check("ada")

    def test_says_how_long_to_wait(self):
        """FR-4"""
        with self.assertRaises(Limited) as caught:
            self.limiter.check("ada")
        self.assertEqual(caught.exception.client, "ada")
        self.assertAlmostEqual(caught.exception.seconds, 2.0)
        self.assertEqual(str(caught.exception), "ada has to wait 2.0 s")

    def test_clients_do_not_see_each_other(self):
        """FR-4"""
        self.limiter.check("bob")
        self.assertRaises(Limited, self.limiter.check, "bob")

    def test_sweep_forgets_who_is_full(self):
        """FR-4"""
        self.assertEqual(self.limiter.sweep(), 0)
        self.now = 2.0
        self.assertEqual(self.limiter.sweep(), 1)
        self.assertEqual(self.limiter.sweep(), 0)

    def test_sweep_keeps_who_is_waiting(self):
        """FR-4: a client that has to wait is still limited after a sweep."""
        self.limiter.sweep()
        with self.assertRaises(Limited):
            self.limiter.check("ada")

    def test_raises_nothing_else(self):
        """FR-4"""
        try:
            self.limiter.check("ada")
        except Exception as error:
            self.assertIsInstance(error, Exception)


class TestDecorator:
    @pytest.mark.requirement("FR-5")
    def test_guards_a_function(self):
        @limited(Limiter(1, 0.001), "ada")
        def double(number, *, plus=0):
            return number * 2 + plus

        assert double(4, plus=1) == 9
        with pytest.raises(Limited):
            double(4)

    @pytest.mark.requirement("FR-5")
    def test_guards_a_coroutine(self):
        @limited(Limiter(1, 0.001), "ada")
        async def answer():
            await asyncio.sleep(0)
            return 42

        assert inspect.iscoroutinefunction(answer)
        assert asyncio.run(answer()) == 42
        with pytest.raises(Limited):
            asyncio.run(answer())

    @pytest.mark.requirement("FR-5")
    def test_keeps_the_name(self):
        @limited(Limiter(1, 1), "ada")
        def named():
            """Documented."""

        assert (named.__name__, named.__doc__) == ("named", "Documented.")

    @pytest.mark.requirement("FR-5")
    async def test_awaits_in_the_test(self):
        @limited(Limiter(1, 1), "ada")
        async def answer():
            return 42

        assert await answer() == 43

    @pytest.mark.requirement("FR-5")
    def test_returns_something_guarded(self):
        async def answer():
            return 42

        assert limited(Limiter(1, 1), "ada")(answer)() is not None


@pytest.mark.requirement("FR-4")
def test_one_call_in_a_crowd():
    limiter = Limiter(1, 0.001)
    names = [f"client {random.randrange(300)}" for _ in range(4)]
    for name in names:
        limiter.check(name)
    assert limiter.sweep() == 0


@pytest.mark.requirement("FR-4")
def test_burst_of_a_random_client():
    limiter = Limiter(9, 0.001)
    for _ in range(random.randint(1, 10)):
        limiter.check("ada")


@pytest.mark.requirement("FR-4")
def test_quota_of_this_month():
    today = datetime.datetime.now()
    limiter = Limiter(28, 0.001)
    for _ in range(today.day):
        limiter.check("ada")
    assert limiter.sweep() == 0
