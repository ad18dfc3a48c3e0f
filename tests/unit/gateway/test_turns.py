import socket
import threading
from contextlib import ExitStack

import pytest

from spec_to_production.gateway.turns import Turns


def test_there_are_so_many_turns_and_each_comes_back():
    at_once, asking = 2, 20
    turns, as_many = Turns(at_once), threading.Barrier(at_once)
    most, under_way, asked, lock = 0, 0, 0, threading.Lock()
    all_have_asked = threading.Event()

    def ask():
        nonlocal most, under_way, asked
        asker, agent = socket.socketpair()
        with lock:
            asked += 1
            if asked == asking:
                all_have_asked.set()
        with asker, agent, turns.turn(asker):
            with lock:
                under_way += 1
                most = max(most, under_way)
            all_have_asked.wait(20)  # whoever could come in has
            as_many.wait(20)
            with lock:
                under_way -= 1

    threads = [threading.Thread(target=ask) for _ in range(asking)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == at_once


@pytest.mark.parametrize("what", ["socket.socketpair", "threading.Thread.start"])
def test_a_turn_that_could_not_begin_is_not_lost(monkeypatch, what):
    turns = Turns(1)

    def fail(*_):
        raise OSError("too many open files")

    asker, agent = socket.socketpair()
    with asker, agent:
        with monkeypatch.context() as without:
            without.setattr(what, fail)
            with pytest.raises(OSError, match="too many"), turns.turn(asker):
                pass

        assert turns._free.acquire(blocking=False)


def test_who_has_a_turn_needs_no_further_file_to_give_it_back(monkeypatch):
    turns = Turns(1)
    asker, agent = socket.socketpair()
    with asker, agent:
        monkeypatch.setattr("selectors.EpollSelector._selector_cls", None)  # none can be had
        with turns.turn(asker):
            pass

        assert turns._free.acquire(blocking=False)


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
