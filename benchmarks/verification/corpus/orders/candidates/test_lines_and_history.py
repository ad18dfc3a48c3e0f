import datetime as dt
import random
import time
from unittest.mock import MagicMock, patch

import pytest

import orders.order
from orders import Event, Order, State

NOON = dt.datetime(2026, 7, 9, 12, tzinfo=dt.UTC)


@pytest.fixture
def order():
    return Order(1, {"tea": 2}, clock=lambda: NOON)


@pytest.mark.requirement("FR-3")
def test_same_article_twice_is_one_line():
    order = Order(1)
    order.add("tea")
    order.add("tea", 3)
    order.add("cup", quantity=2)
    assert order.lines == {"tea": 4, "cup": 2}


@pytest.mark.requirement("FR-3")
def test_order_without_lines_is_not_placed():
    order = Order(5)
    with pytest.raises(ValueError, match="order 5 has no lines"):
        order.move(State.PLACED)
    assert order.state is State.DRAFT
    assert order.history == ()


@pytest.mark.requirement("FR-3")
def test_lines_are_fixed_once_placed(order):
    order.move(State.PLACED)
    with pytest.raises(ValueError, match="order 1 is placed: its lines are fixed"):
        order.add("cup")
    assert order.lines == {"tea": 2}


@pytest.mark.requirement("FR-3")
def test_quantity_is_positive(order):
    with pytest.raises(ValueError):
        order.add("cup", 0)
    order.add("cup", 1)
    assert order.lines["cup"] == 1


@pytest.mark.requirement("FR-4")
def test_history_keeps_moves_and_times(order):
    order.move(State.PLACED)
    order.clock = lambda: NOON + dt.timedelta(hours=1)
    order.move(State.PAID)
    assert order.history == (
        Event(State.PLACED, NOON),
        Event(State.PAID, NOON + dt.timedelta(hours=1)),
    )


@pytest.mark.requirement("FR-4")
def test_history_cannot_be_changed_from_outside(order):
    order.move(State.PLACED)
    with pytest.raises((AttributeError, TypeError)):
        order.history.append("x")
    with pytest.raises(TypeError):
        order.history[0] = "x"
    assert len(order.history) == 1


@pytest.mark.requirement("FR-4")
def test_default_clock_is_in_utc():
    before = dt.datetime.now(dt.UTC)
    order = Order(1, {"tea": 1})
    order.move(State.PLACED)
    assert before <= order.history[0].at <= dt.datetime.now(dt.UTC)
    assert order.history[0].at.utcoffset() == dt.timedelta(0)


@pytest.mark.requirement("FR-4")
def test_mocked_order_has_history():
    order = MagicMock(spec=Order)
    order.history = (Event(State.PLACED, NOON),)
    assert len(order.history) == 1
    assert order.history[0].state == "placed"


@pytest.mark.requirement("FR-4")
def test_move_is_patched():
    with patch.object(orders.order.Order, "move", autospec=True) as move:
        Order(1).move(State.DELIVERED)
    assert move.called


@pytest.mark.requirement("FR-4")
def test_two_moves_have_two_times():
    order = Order(1, {"tea": 1}, clock=lambda: NOON.replace(microsecond=random.randrange(10)))
    order.move(State.PLACED)
    order.move(State.PAID)
    first, second = order.history
    assert first.at != second.at


@pytest.mark.requirement("FR-4")
def test_moves_within_one_second():
    order = Order(1, {"tea": 1}, clock=lambda: dt.datetime.fromtimestamp(int(time.time()), dt.UTC))
    order.move(State.PLACED)
    time.sleep(0.02)
    order.move(State.PAID)
    assert order.history[0].at == order.history[1].at


@pytest.mark.requirement("FR-4")
def test_placed_before_tomorrow(order):
    order.clock = dt.datetime.now
    order.move(State.PLACED)
    today = order.history[0].at.date()
    assert today < today.replace(day=today.day + 1)
