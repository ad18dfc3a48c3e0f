import threading
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from spec_to_production.errors import ApiError, ServerLostError, ServerStartError
from spec_to_production.openhands import fleet as fleet_module
from spec_to_production.openhands.client import LateAnswerError
from spec_to_production.openhands.fleet import Fleet
from spec_to_production.openhands.interface import Assignment, Model
from support.openhands import Script, StandInOpenHands

BASE = Path("base")
LONG = 60  # no machine is so slow that a stand-in's answer comes too late


class Server(StandInOpenHands):
    """A stand-in that can be made to fail: ``create_error``, ``look_error``, ``holds``."""

    def __init__(self, name):
        super().__init__({"job": Script(statuses=["running"])})
        self.name, self.create_error, self.look_error = name, None, None
        self.attach_error = None
        self.start_error, self.asked, self.closed = None, 0, 0
        self.answers = threading.Event()
        self.answers.set()

    def wait_until_ready(self):
        if self.start_error:
            raise self.start_error

    def create(self, assignment, base):
        self.asked += 1
        if self.create_error:
            raise self.create_error
        super().create(assignment, base)

    def attach(self, conversation, base):
        if self.attach_error:
            raise self.attach_error
        return super().attach(conversation, base)

    def states(self, conversations):
        self.answers.wait(20)
        if self.look_error:
            raise self.look_error
        return super().states(conversations)

    def close(self):
        self.closed += 1
        self.answers.set()


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def servers():
    return [Server("a"), Server("b")]


@pytest.fixture
def fleet(servers, clock):
    fleet = Fleet(servers, look_within_s=LONG, clock=clock)
    yield fleet
    fleet.close()


def create(fleet, conversation=None):
    conversation = conversation or uuid.uuid4()
    fleet.wait_until_ready()
    fleet.create(Assignment(conversation, "<job>", Model("m"), 1), BASE)
    return conversation


def counts(servers):
    return [len(server.created) for server in servers]


def test_jobs_go_where_the_fewest_are(fleet, servers):
    wait_for_all(fleet)
    for _ in range(6):
        create(fleet)

    assert counts(servers) == [3, 3]


def wait_for_all(fleet):
    for member in fleet._members:
        member.ready.exception()


def test_a_full_server_is_passed_over_and_not_asked_again_for_a_while(fleet, servers, clock):
    wait_for_all(fleet)
    servers[0].create_error = ApiError("full", status=429)
    for _ in range(4):
        create(fleet)

    assert counts(servers) == [0, 4]
    assert servers[0].asked <= 2


def test_when_all_are_full_that_is_told_without_asking_them(fleet, servers):
    wait_for_all(fleet)
    for server in servers:
        create(fleet)
        server.create_error = ApiError("full", status=429)
    with pytest.raises(ApiError, match="full"):
        create(fleet)
    asked = [server.asked for server in servers]
    with pytest.raises(ApiError) as told:
        create(fleet)

    assert told.value.status == 429
    assert [server.asked for server in servers] == asked


def test_a_lost_server_costs_its_jobs_a_new_start_elsewhere(fleet, servers, clock):
    wait_for_all(fleet)
    jobs = [create(fleet), create(fleet)]
    servers[0].look_error = ServerLostError("gone")

    first = fleet.states(jobs)
    clock.now = 61
    later = fleet.states(jobs)

    assert [first[job].status for job in jobs] == ["unknown", "running"]
    assert later[jobs[0]] is None
    assert later[jobs[1]].status == "running"
    create(fleet)
    assert counts(servers) == [1, 2]


def test_a_fault_that_nobody_thought_of_costs_one_servers_look(fleet, servers, clock):
    wait_for_all(fleet)
    jobs = [create(fleet), create(fleet)]
    servers[0].look_error = ZeroDivisionError("nobody thought of it")

    seen = fleet.states(jobs)
    clock.now = 61
    later = fleet.states(jobs)

    assert [seen[job].status for job in jobs] == ["unknown", "running"]
    assert later[jobs[0]] is None
    assert "ZeroDivisionError: nobody thought of it" in str(fleet._members[0].trouble)


def test_a_server_that_takes_looks_and_never_answers_is_lost_in_the_end(fleet, servers, clock):
    wait_for_all(fleet)
    jobs = [create(fleet), create(fleet)]
    servers[0].look_error = LateAnswerError("late")

    seen = []
    for clock.now in (0, 59, 61):
        seen.append(fleet.states(jobs))

    assert [states[jobs[0]] is None for states in seen] == [False, False, True]
    assert seen[-1][jobs[1]].status == "running"
    create(fleet)
    assert counts(servers) == [1, 2]


def test_a_server_that_fails_everything_is_left_alone(fleet, servers):
    wait_for_all(fleet)
    servers[0].create_error = ApiError("broken", status=500)
    for _ in range(20):
        create(fleet)

    assert servers[0].asked == 3
    assert counts(servers) == [0, 20]


def test_it_is_tried_again_later_and_what_it_may_have_begun_is_deleted(fleet, servers, clock):
    wait_for_all(fleet)
    servers[0].create_error = ServerLostError("no answer")
    create(fleet)
    servers[0].create_error, clock.now = None, 11
    lost = next(iter(fleet._members[0].abandoned))
    servers[0].running[lost] = Script()

    create(fleet)

    fleet._pool.shutdown(wait=True)
    assert servers[0].deleted == [lost]


def test_a_server_that_does_not_answer_is_not_asked_to_delete_until_it_does(fleet, servers, clock):
    wait_for_all(fleet)
    job, _ = create(fleet), create(fleet)
    servers[0].look_error = ServerLostError("gone")
    fleet.states([job])
    clock.now = 61
    fleet.states([job])

    fleet.delete(job)
    assert servers[0].deleted == []

    servers[0].look_error, clock.now = None, 80
    create(fleet)
    fleet._pool.shutdown(wait=True)
    assert servers[0].deleted == [job]


def test_a_slow_server_delays_no_other(servers, clock):
    with closing(Fleet(servers, look_within_s=0.01, clock=clock)) as fleet:
        wait_for_all(fleet)
        slow, other = create(fleet), create(fleet)
        servers[0].answers.clear()

        seen = fleet.states([slow, other])
        while seen[other].status == "unknown":
            seen = fleet.states([slow, other])

        assert seen[other].status == "running"
        assert seen[slow].status == "unknown"
        assert fleet._members[0].look is not None


def test_a_look_that_was_late_is_not_waited_for_again(servers, clock, monkeypatch):
    with closing(Fleet(servers, look_within_s=0.01, clock=clock)) as fleet:
        wait_for_all(fleet)
        slow, other = create(fleet), create(fleet)
        servers[0].answers.clear()
        while fleet.states([slow, other])[other].status == "unknown":
            pass
        late, waited = fleet._members[0].look, []
        monkeypatch.setattr(fleet_module, "wait", lambda looks, _: waited.extend(looks))

        fleet.states([slow, other])

        assert len(waited) == 1
        assert late not in waited


@pytest.mark.parametrize("status", [200, 302, 502])
def test_a_server_that_answers_as_none_does_takes_no_job_from_the_others(fleet, servers, status):
    wait_for_all(fleet)
    servers[0].create_error = ApiError("Sign in", status=status)
    for _ in range(4):
        create(fleet)

    assert counts(servers) == [0, 4]
    assert servers[0].asked <= 3


def test_a_refusal_is_the_jobs_own_and_no_other_server_is_asked(fleet, servers):
    wait_for_all(fleet)
    for server in servers:
        server.create_error = ApiError("no", status=422)
    with pytest.raises(ApiError, match="no"):
        create(fleet)

    assert sum(server.asked for server in servers) == 1


def create_late(fleet, server):
    """A conversation that the server takes without ever saying so."""
    conversation, server.create_error = uuid.uuid4(), LateAnswerError("late")
    with pytest.raises(LateAnswerError):
        create(fleet, conversation)
    server.create_error = None
    return conversation


def test_what_may_have_begun_on_a_server_is_not_created_on_another(fleet, servers):
    wait_for_all(fleet)
    late = create_late(fleet, servers[0])
    for _ in range(4):
        create(fleet)
    assert late not in servers[1].running

    create(fleet, late)

    fleet._pool.shutdown(wait=True)
    assert late in servers[0].running
    assert late not in servers[1].running
    assert not servers[0].deleted


def test_where_it_may_have_begun_is_not_waited_for_when_that_server_is_not_up(
    fleet, servers, clock
):
    wait_for_all(fleet)
    late = create_late(fleet, servers[0])
    servers[0].running[late] = Script()
    servers[0].create_error = ServerLostError("gone")
    create(fleet)

    create(fleet, late)
    servers[0].create_error, clock.now = None, 11
    create(fleet)

    fleet._pool.shutdown(wait=True)
    assert late in servers[1].running
    assert late in servers[0].deleted


def test_the_spare_is_started_once_when_none_is_left(clock):
    first, spare, started = Server("a"), Server("spare"), []
    first.create_error = ServerLostError("gone")
    fleet = Fleet(
        [first],
        spare=lambda: started.append(1) or spare,
        patience_s=0,
        look_within_s=LONG,
        clock=clock,
    )
    with pytest.raises(ServerLostError):
        create(fleet)
    create(fleet)
    create(fleet)
    fleet.close()

    assert started == [1]
    assert len(spare.created) == 2
    assert (first.closed, spare.closed) == (1, 1)


def test_after_the_end_no_spare_is_started(clock):
    server, started = Server("a"), []
    fleet = Fleet([server], spare=lambda: started.append(1), patience_s=0, clock=clock)
    fleet.wait_until_ready()
    fleet.close()
    server.create_error = ServerLostError("closed")
    for _ in range(2):
        with pytest.raises(ServerLostError, match="the run is over"):
            create(fleet)

    assert started == []


def test_a_run_that_ends_while_a_server_is_looked_for_starts_none(clock):
    server, started = Server("a"), []
    fleet = Fleet([server], spare=lambda: started.append(1), patience_s=0, clock=clock)
    server.create_error = ServerLostError("gone")
    with pytest.raises(ServerLostError, match="gone"):
        create(fleet)
    up = fleet._up
    fleet._up = lambda: fleet.close() or up()
    with pytest.raises(ServerLostError, match="the run is over"):
        create(fleet)

    assert started == []


def test_when_none_is_left_it_says_what_the_last_one_failed_with(clock):
    server, spare = Server("a"), Server("spare")
    fleet = Fleet([server], spare=lambda: spare, patience_s=0, look_within_s=LONG, clock=clock)
    job = create(fleet)
    server.look_error = ServerLostError("paused", hint="Let fewer run.")
    spare.start_error = ServerStartError("no credits")

    assert fleet.states([job]) == {job: None}
    with pytest.raises(ServerLostError, match="takes jobs: no credits"):
        create(fleet)
    fleet.close()
    fleet = Fleet([server], patience_s=0, look_within_s=LONG, clock=clock)
    fleet.states([create(fleet)])
    with pytest.raises(ServerLostError, match=r"takes jobs: paused\nLet fewer run\."):
        create(fleet)
    fleet.close()


def test_one_server_that_never_starts_is_no_harm_and_all_of_them_are_an_error(servers, clock):
    servers[0].start_error = ServerStartError("nothing there")
    fleet = Fleet(servers, clock=clock)
    create(fleet)
    fleet.close()
    servers[1].start_error = ServerStartError("nor there")
    fleet = Fleet(servers, clock=clock)
    with pytest.raises(ServerStartError, match="nothing there"):
        fleet.wait_until_ready()
    fleet.close()


def test_what_was_not_created_here_has_no_state(fleet):
    nobody = uuid.uuid4()

    assert fleet.states([nobody]) == {nobody: None}
    fleet.delete(nobody)


def test_what_an_earlier_run_left_is_found_on_the_server_that_has_it(fleet, servers, clock):
    create(fleet)
    left = create(fleet)
    home = next(server for server in servers if left in server.running)
    later = Fleet(servers, clock=clock)

    assert later.attach(left, BASE)
    assert not later.attach(uuid.uuid4(), BASE)
    later.delete(left)
    assert [server for server in servers if server.deleted] == [home]
    assert home.deleted == [left]
    later.close()


def test_a_server_that_does_not_answer_has_nothing_to_go_on_with(fleet, servers):
    wait_for_all(fleet)
    left = uuid.uuid4()
    servers[1].running[left] = Script(statuses=["running"])
    servers[0].attach_error = LateAnswerError("late")

    assert fleet.attach(left, BASE)
    assert fleet._place(left).server is servers[1]
    assert not fleet._members[0].abandoned


def test_what_a_server_has_that_does_not_answer_is_deleted_once_it_does(fleet, servers):
    wait_for_all(fleet)
    left = uuid.uuid4()
    servers[0].running[left] = Script()
    servers[0].attach_error = ApiError("away", status=500)

    assert not fleet.attach(left, BASE)
    create(fleet)
    create(fleet)

    fleet._pool.shutdown(wait=True)
    assert servers[0].deleted == [left]
    assert not servers[1].deleted
