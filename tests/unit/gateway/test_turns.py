import socket
import threading
from contextlib import ExitStack

from spec_to_production.gateway.turns import Turns


def test_there_are_so_many_turns_and_each_comes_back():
    turns = Turns(2)
    under_way, most, lock = 0, 0, threading.Lock()

    def ask():
        nonlocal under_way, most
        asker, agent = socket.socketpair()
        with asker, agent, turns.turn(asker):
            with lock:
                under_way += 1
                most = max(most, under_way)
            with lock:
                under_way -= 1

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 <= most <= 2


def test_who_hangs_up_makes_room_for_another_once_for_each_turn():
    turns = Turns(1)
    with ExitStack() as under_way:
        for _ in range(2):
            asker, agent = socket.socketpair()
            under_way.enter_context(asker)
            under_way.enter_context(turns.turn(asker))
            agent.close()

        assert not turns._free.acquire(blocking=False)

    assert turns._free.acquire(blocking=False)
    assert turns._left_behind.acquire(blocking=False)


def test_who_says_something_more_has_not_hung_up():
    turns = Turns(1)
    asker, agent = socket.socketpair()
    with asker, agent, turns.turn(asker):
        agent.send(b"next")
        assert not turns._free.acquire(blocking=False)

    assert turns._free.acquire(blocking=False)
