"""What may be spent, and what is refused then."""

import pytest

from spec_to_production.gateway.budget import Budget, Spent


def test_nothing_is_let_through_after_the_last_request():
    budget = Budget(requests=2)

    assert [budget.take_request() for _ in range(3)] == [True, True, False]
    assert budget.spent == Spent(requests=2)


def test_nothing_is_let_through_once_the_tokens_are_spent():
    budget = Budget(tokens=100)

    assert budget.take_request()
    budget.pay(100)
    assert not budget.take_request()
    assert budget.spent == Spent(requests=1, tokens=100)


def test_nothing_is_let_through_once_the_money_is_spent():
    budget = Budget(cost_usd=0.5)

    budget.pay(10, 0.49)
    assert budget.take_request()
    budget.pay(10, 0.02)
    assert not budget.take_request()
    assert budget.spent.cost_usd == pytest.approx(0.51)
