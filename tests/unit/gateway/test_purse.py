"""What may be spent, and what is refused then."""

import pytest

from spec_to_production.gateway.purse import Purse, Spent


def test_nothing_is_let_through_after_the_last_request():
    purse = Purse(requests=2)

    assert [purse.take_request() for _ in range(3)] == [True, True, False]
    assert purse.spent == Spent(requests=2)


def test_nothing_is_let_through_once_the_tokens_are_spent():
    purse = Purse(tokens=100)

    assert purse.take_request()
    purse.pay(100)
    assert not purse.take_request()
    assert purse.spent == Spent(requests=1, tokens=100)


def test_nothing_is_let_through_once_the_money_is_spent():
    purse = Purse(cost_usd=0.5)

    purse.pay(10, 0.49)
    assert purse.take_request()
    purse.pay(10, 0.02)
    assert not purse.take_request()
    assert purse.spent.cost_usd == pytest.approx(0.51)
