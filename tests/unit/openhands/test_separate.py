"""Servers of their own, as far as that needs no real ones."""

import threading
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from spec_to_production.errors import ServerLostError
from spec_to_production.openhands import SeparateServers, separate, users
from spec_to_production.openhands.interface import Assignment, Model
from spec_to_production.openhands.launch import Command, Image
from spec_to_production.openhands.users import User
from support.openhands import Script, StandInOpenHands

BASE = Path("base")


class Server(StandInOpenHands):
    """One of them; ``answers`` tells when its looks end, and ``look_error`` how."""

    started = ()

    def __init__(self, folder, *_):
        super().__init__({"job": Script(statuses=["running"])})
        self.folder, self.is_closed = folder, False
        self.answers, self.look_error = threading.Event(), None
        self.answers.set()
        self.started.append(self)

    def states(self, conversations):
        assert self.answers.wait(20)
        if self.look_error:
            raise self.look_error
        return super().states(conversations)

    def close(self):
        self.is_closed = True


@pytest.fixture
def started(monkeypatch, tmp_path):
    monkeypatch.setattr(users, "_LOCKS", tmp_path / "locks")
    monkeypatch.setattr(Server, "started", [])
    monkeypatch.setattr(separate, "EmbeddedServer", Server)
    return Server.started


@pytest.fixture
def servers(started, tmp_path):
    with closing(SeparateServers(tmp_path / "servers", lambda _: Image("image"))) as servers:
        servers.wait_until_ready()
        yield servers


def create(servers):
    conversation = uuid.uuid4()
    servers.create(Assignment(conversation, "<job>", Model("m"), 1), BASE)
    return conversation


def test_after_the_end_no_server_is_started(servers, started):
    create(servers)
    servers.close()
    with pytest.raises(ServerLostError, match="the run is over"):
        create(servers)

    assert [server.is_closed for server in started] == [True]


def test_what_was_loaded_while_the_run_ended_is_ended_too(started, tmp_path):
    processes = []

    class Loaded(Command):
        """Says at once that it takes orders."""

        def start(self, log):
            process = super().start(log)
            log.write_text(separate.READY)
            processes.append(process)
            return process

    class Found:
        def zygote(self, *_):
            return Loaded(("cat",), {})

    def find(closing):
        closing.wait()
        return Found()

    SeparateServers(tmp_path / "servers", find).close()

    assert [process.poll() for process in processes] == [0]
    assert not started


def test_a_servers_user_is_free_again_after_it(servers, monkeypatch):
    monkeypatch.setattr(users, "_NOBODYS", range(70_000, 70_001))
    create(servers)  # the first server has a user already

    servers.delete(create(servers))
    create(servers)

    servers.close()
    User.take().give_back()


def test_a_fault_that_nobody_thought_of_costs_one_servers_look(servers, started):
    jobs = [create(servers), create(servers)]
    started[0].look_error = ZeroDivisionError("nobody thought of it")

    seen = servers.states(jobs)

    assert [seen[job].status for job in jobs] == ["unknown", "running"]


def test_a_look_that_was_late_is_not_waited_for_again(servers, started, monkeypatch):
    slow, other = create(servers), create(servers)
    started[0].answers.clear()
    monkeypatch.setattr(separate, "_LOOK_WITHIN_S", 0)
    servers.states([slow])
    monkeypatch.setattr(separate, "_LOOK_WITHIN_S", 20)

    seen = servers.states([slow, other])

    assert not started[0].answers.is_set()
    assert [seen[job].status for job in (slow, other)] == ["unknown", "running"]
    started[0].answers.set()
