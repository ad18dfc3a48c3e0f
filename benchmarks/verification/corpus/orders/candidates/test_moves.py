import copy
import itertools

import pytest

from orders import IllegalMove, Order, State

ALLOWED = {
    ("draft", "placed"),
    ("draft", "cancelled"),
    ("placed", "paid"),
    ("placed", "cancelled"),
    ("paid", "shipped"),
    ("paid", "refunded"),
    ("shipped", "delivered"),
    ("delivered", "refunded"),
}


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize(("now", "wanted"), sorted(ALLOWED))
def test_allowed_move(now, wanted):
    order = Order(1, {"tea": 1}, State(now))
    order.move(State(wanted))
    assert order.state == wanted


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize("wanted", ["draft", "paid", "shipped", "delivered", "refunded"])
def test_draft_cannot_jump(wanted):
    order = Order(1, {"tea": 1})
    with pytest.raises(IllegalMove, match=f"draft cannot become {wanted}"):
        order.move(State(wanted))
    assert order == Order(1, {"tea": 1})


@pytest.mark.requirement("FR-2")
def test_every_other_move_is_illegal():
    for now, wanted in itertools.product(State, repeat=2):
        order = Order(1, {"tea": 1}, now)
        if (now, wanted) not in ALLOWED:
            with pytest.raises(IllegalMove):
                order.move(wanted)
            assert order.state is now


@pytest.mark.requirement("FR-2")
def test_parcel_on_its_way_is_not_refunded():
    order = Order(4, {"tea": 1}, State.SHIPPED)
    try:
        order.move(State.REFUNDED)
    except IllegalMove:
        pass
    assert order.state is State.SHIPPED


@pytest.mark.requirement("FR-2")
def test_paid_order_is_not_cancelled():
    with pytest.raises(IllegalMove) as caught:
        Order(1, state=State.PAID).move(State.CANCELLED)
    assert (caught.value.now, caught.value.wanted) == (State.PAID, State.CANCELLED)


@pytest.mark.requirement("FR-1")
def test_final_states():
    assert {state for state in State if state.is_final} == {State.CANCELLED, State.REFUNDED}


@pytest.mark.requirement("FR-1")
def test_names_of_the_states():
    assert list(State) == "draft placed paid shipped delivered cancelled refunded".split()


@pytest.mark.requirement("FR-1")
def test_states_are_themselves():
    for state in State:
        assert state == state
        assert copy.copy(state) is state


@pytest.mark.requirement("FR-2")
def test_moves_do_not_crash():
    order = Order(1, {"tea": 1})
    for state in (State.PLACED, State.PAID, State.SHIPPED, State.DELIVERED):
        order.move(state)


@pytest.mark.requirement("FR-2")
def test_delivered_order_can_be_cancelled():
    order = Order(1, {"tea": 1}, State.DELIVERED)
    order.move(State.CANCELLED)
    assert order.state is State.CANCELLED


@pytest.mark.requirement("FR-2")
def test_shipped_order_is_refunded():
    order = Order(1, {"tea": 1}, State.SHIPPED)
    order.move(State.REFUNDED)
    assert order.state is State.REFUNDED
