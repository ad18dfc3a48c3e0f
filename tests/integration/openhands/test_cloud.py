"""The sandbox of OpenHands Cloud from its renting to its deletion; the Cloud is a stand-in."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import stamina
from pydantic import SecretStr

from spec_to_production.errors import OpenHandsError, ServerLostError, ServerStartError
from spec_to_production.openhands import CloudServer, Fleet
from spec_to_production.openhands.cloud import give_back
from spec_to_production.openhands.interface import Model
from spec_to_production.openhands.rentals import Rentals
from spec_to_production.results import Job
from support.cloud import KEY, SANDBOXES, Cloud, cloud
from support.faulty_proxy import answer, faulty_proxy, lost_reply, reset
from support.jobs import record_test, run_jobs, wait_once

pytestmark = pytest.mark.integration

NOWHERE = ("http://127.0.0.1:9", "a-session-key")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch) -> None:
    monkeypatch.setattr(CloudServer.__module__ + "._LOOK_AGAIN_S", 0.05)


@pytest.fixture
def stand_in() -> Iterator[Cloud]:
    with cloud(NOWHERE) as stand_in:
        yield stand_in


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def rentals(tmp_path) -> Rentals:
    return Rentals(tmp_path / "sandboxes")


@pytest.fixture
def rent(stand_in, told, rentals) -> Callable[..., CloudServer]:
    def rent(key: str = KEY, **options: object) -> CloudServer:
        return CloudServer(
            SecretStr(key), told.append, rentals, **{"address": stand_in.url, **options}
        )

    return rent


def port(url: str) -> int:
    return int(url.rstrip("/").rpartition(":")[2])


@contextmanager
def without_backoff() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=4, cap=True):
        yield


def test_a_sandbox_is_rented_used_and_deleted(reached_at, told, rentals):
    with cloud(reached_at) as stand_in:
        stand_in.course = ("STARTING", "RUNNING")
        server = CloudServer(SecretStr(KEY), told.append, rentals, address=stand_in.url)
        server.wait_until_ready()
        assert server.version == "1.58.0"
        assert len(stand_in.sandboxes) == 1
        server.close()
        server.close()
        assert not stand_in.sandboxes
    assert told == ["renting a sandbox of OpenHands Cloud", "the agent server is ready"]


def test_a_key_that_is_none_of_the_cloud_is_told_so(rent, stand_in):
    server = rent("a-key-of-something-else")
    with closing(server), pytest.raises(ServerStartError, match=r"401, .*Credentials") as caught:
        server.states([uuid.uuid4()])
    assert "openhands-api-key" in caught.value.hint
    assert stand_in.asked == [f"POST {SANDBOXES}"]


def test_a_key_that_is_refused_stops_all_jobs_and_says_which(rent, stand_in, base):
    with closing(Fleet([rent("a-key-of-something-else")], spare=rent)) as fleet:
        outcome = run_jobs(fleet, Model("m"), base, ["a", "b", "c"], max_parallel=1)
    assert outcome.statuses == ["failed", "skipped", "skipped"]
    assert {job.cause for job in outcome.jobs} == {"auth"}
    assert all("openhands-api-key has to be" in job.message for job in outcome.jobs)
    assert stand_in.asked == [f"POST {SANDBOXES}"]


@pytest.mark.parametrize(
    ("status", "advice"), [(402, "credits"), (403, "confirmed"), (500, "again later")]
)
def test_a_refusal_comes_with_what_to_do_and_is_not_repeated(rent, stand_in, status, advice):
    stand_in.refusals = [(status, {"detail": "no"})]
    with closing(rent()) as server, pytest.raises(ServerStartError, match=f"{status}, n") as caught:
        server.wait_until_ready()
    assert advice in caught.value.hint
    assert stand_in.asked == [f"POST {SANDBOXES}"]


def test_a_cloud_that_is_full_is_waited_for(rent, stand_in):
    full = (429, {"message": "Too many requests"})
    stand_in.refusals, stand_in.course = [full, full], ("ERROR",)
    with closing(rent()) as server, pytest.raises(ServerStartError, match="ERROR"):
        server.wait_until_ready()
    assert stand_in.asked.count(f"POST {SANDBOXES}") == 3


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("ERROR", "again later"),
        ("MISSING", "deleted"),
        ("PAUSED", "fewer run at once"),
        ("STARTING", "again later"),
    ],
)
def test_a_sandbox_that_does_not_start_is_told_and_deleted(rent, stand_in, status, advice):
    stand_in.course = (status,)
    server = rent(starts_within_s=0.5)
    with closing(server), pytest.raises(ServerStartError, match=status) as caught:
        server.wait_until_ready()
    assert advice in caught.value.hint
    assert not stand_in.sandboxes


def test_the_end_of_the_run_ends_the_waiting_and_the_sandbox(rent, stand_in):
    stand_in.course = ("STARTING",)
    server = rent()
    server.close()
    with pytest.raises(OpenHandsError, match="run ended"):
        server.wait_until_ready()
    assert not stand_in.sandboxes


def test_a_sandbox_that_the_cloud_pauses_is_lost_for_that_reason(reached_at, told, rentals):
    address, key = reached_at
    with faulty_proxy("127.0.0.1", port(address)) as way, cloud((way.address, key)) as stand_in:
        server = CloudServer(SecretStr(KEY), told.append, rentals, address=stand_in.url)
        server.wait_until_ready()
        way.strike(reset, "conversations", times=99)
        with closing(server), without_backoff():
            with pytest.raises(ServerLostError, match="cannot be reached"):
                server.states([uuid.uuid4()])
            stand_in.sandboxes = {sandbox: ["PAUSED"] for sandbox in stand_in.sandboxes}
            with pytest.raises(ServerLostError, match="PAUSED") as caught:
                server.states([uuid.uuid4()])
    assert "fewer run at once" in caught.value.hint


def test_a_run_that_loses_its_sandbox_rents_another_and_deletes_both(
    reached_at, told, rentals, recorded_model, base
):
    address, key = reached_at
    long = record_test(recorded_model, before=[wait_once()])
    outputs = [record_test(recorded_model), long]
    with faulty_proxy("127.0.0.1", port(address)) as way, cloud((way.address, key)) as stand_in:
        rent = lambda: CloudServer(SecretStr(KEY), told.append, rentals, address=stand_in.url)  # noqa: E731

        def pause(_: Job) -> None:
            stand_in.sandboxes = {sandbox: ["PAUSED"] for sandbox in stand_in.sandboxes}
            stand_in.agent_server = reached_at
            way.strike(reset, "", times=999)

        with closing(Fleet([rent()], spare=rent, patience_s=0)) as fleet, without_backoff():
            outcome = run_jobs(fleet, recorded_model.model, base, outputs, meanwhile=pause)
        assert not stand_in.sandboxes
    assert outcome.statuses == ["succeeded", "succeeded"]
    assert stand_in.asked.count(f"POST {SANDBOXES}") == 2


def test_a_lost_reply_rents_no_second_sandbox(stand_in, told, rentals):
    with faulty_proxy("127.0.0.1", port(stand_in.url)) as way:
        way.strike(lost_reply, f"^POST {SANDBOXES}", times=1)
        server = CloudServer(SecretStr(KEY), told.append, rentals, address=way.address)
        with closing(server), pytest.raises(ServerStartError, match="be reached") as caught:
            server.wait_until_ready()
    assert "does not know of" in caught.value.hint
    assert stand_in.asked == [f"POST {SANDBOXES}"]


def test_a_cloud_that_is_not_there_has_rented_nothing_out(told, rentals):
    server = CloudServer(SecretStr(KEY), told.append, rentals, address=NOWHERE[0])
    with (
        closing(server),
        pytest.raises(ServerStartError, match=r":9: .*refused") as caught,
    ):
        server.wait_until_ready()
    assert caught.value.hint == "Run again later."


def test_who_rents_nothing_gives_back_what_a_killed_run_had(stand_in, told, rentals, tmp_path):
    left = stand_in._rent()["id"]
    (tmp_path / "sandboxes").mkdir()
    (tmp_path / "sandboxes" / left).touch()

    give_back(SecretStr(KEY), rentals, told.append, address=stand_in.url)

    assert stand_in.asked == [f"DELETE {SANDBOXES}/{left}"]
    assert not stand_in.sandboxes
    assert told == [f"deleting the sandbox {left}, left behind by a killed run"]
    assert not list((tmp_path / "sandboxes").iterdir())


def test_a_sandbox_that_cannot_be_deleted_is_named(stand_in, told, rentals, tmp_path):
    stand_in.course = ("ERROR",)
    with faulty_proxy("127.0.0.1", port(stand_in.url)) as way, without_backoff():
        server = CloudServer(SecretStr(KEY), told.append, rentals, address=way.address)
        with pytest.raises(ServerStartError):
            server.wait_until_ready()
        way.strike(answer(503), "^DELETE", times=99)
        server.close()
    (left,) = stand_in.sandboxes
    assert left in told[-1]
    assert rentals.left() == [left]
    rentals.leave(left)


KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from pydantic import SecretStr
from spec_to_production.openhands import CloudServer
from spec_to_production.openhands.rentals import Rentals

address, key, folder = sys.argv[1:]
CloudServer(SecretStr(key), print, Rentals(Path(folder)), address=address).wait_until_ready()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_rented_is_deleted_by_the_next_one(reached_at, told, tmp_path):
    folder = tmp_path / "sandboxes"
    with cloud(reached_at) as stand_in:
        program = [sys.executable, "-c", KILLED_RUN, stand_in.url, KEY, str(folder)]
        killed = subprocess.run(program, check=False)
        (left,) = stand_in.sandboxes
        rent = lambda: CloudServer(  # noqa: E731
            SecretStr(KEY), told.append, Rentals(folder), address=stand_in.url
        )
        with closing(rent()) as server, closing(rent()) as beside:
            server.wait_until_ready()
            beside.wait_until_ready()
            assert left not in stand_in.sandboxes
            assert len(stand_in.sandboxes) == 2
        assert not stand_in.sandboxes
    assert killed.returncode == -signal.SIGKILL
    assert [line for line in told if "killed" in line] == [
        f"deleting the sandbox {left}, left behind by a killed run"
    ]
    assert not list(folder.iterdir())
