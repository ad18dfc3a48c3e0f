from orders import Order, State, Store


def test_order_begins_as_a_draft():
    assert Order(1).state is State.DRAFT


def test_placing():
    order = Order(1)
    order.add("tea")
    order.move(State.PLACED)
    assert order.state is State.PLACED


def test_saved_order_is_listed(tmp_path):
    store = Store(tmp_path / "orders")
    store.save(Order(7))
    assert store.numbers() == [7]
