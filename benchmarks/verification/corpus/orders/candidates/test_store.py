import json
import os

import pytest

from orders import Order, State, Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "a" / "b")


@pytest.fixture
def delivered():
    order = Order(12, {"tea": 1, "Käse": 2})
    for state in (State.PLACED, State.PAID, State.SHIPPED, State.DELIVERED):
        order.move(state)
    return order


class TestStore:
    @pytest.mark.requirement("FR-5")
    def test_loads_back_equal(self, store, delivered):
        store.save(delivered)
        loaded = store.load(12)
        assert loaded == delivered
        assert isinstance(loaded.state, State)
        assert loaded.history[-1].state is State.DELIVERED

    @pytest.mark.requirement("FR-5")
    def test_unknown_number(self, store):
        with pytest.raises(KeyError, match="99"):
            store.load(99)

    @pytest.mark.requirement("FR-5")
    def test_failing_save_leaves_the_old_file(self, store, monkeypatch):
        path = store.save(Order(1, {"tea": 1}))
        before = path.read_text()

        def full_disk(*_):
            raise OSError("disk full")

        monkeypatch.setattr(os, "replace", full_disk)
        with pytest.raises(OSError, match="disk full"):
            store.save(Order(1, {"cup": 9}))
        assert path.read_text() == before

    @pytest.mark.requirement("FR-5")
    def test_file_is_json(self, store):
        path = store.save(Order(3, {"tea": 1}))
        assert path.name == "3.json"
        assert json.loads(path.read_text()) == {
            "number": 3,
            "lines": {"tea": 1},
            "state": "draft",
            "history": [],
        }

    @pytest.mark.requirement("FR-5")
    def test_numbers_are_sorted_as_numbers(self, store):
        for number in (10, 9, 100):
            store.save(Order(number))
        assert store.numbers() == [9, 10, 100]

    @pytest.mark.requirement("FR-5")
    def test_smoke(self, store, delivered):
        json.dumps(str(store.save(delivered)))
        repr(store.load(12))

    @pytest.mark.requirement("FR-5")
    def test_loads_back_equal(self, store):  # noqa: F811
        assert store.numbers() == []


class TestStoreWithDatabase:
    @pytest.fixture(autouse=True)
    def database(self):
        raise ConnectionError("no database on this machine")

    @pytest.mark.requirement("FR-5")
    def test_saves_in_the_database(self, store):
        store.save(Order(1))
        assert store.numbers() == [1]
