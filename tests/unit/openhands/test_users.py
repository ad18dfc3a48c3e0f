"""Users for one purpose at a time: nobody else has them, or gets them meanwhile."""

import grp
import os
import pwd
from contextlib import ExitStack

import pytest

from spec_to_production.errors import ServerStartError
from spec_to_production.openhands import users
from spec_to_production.openhands.users import User


@pytest.fixture(autouse=True)
def locks(tmp_path, monkeypatch):
    monkeypatch.setattr(users, "_LOCKS", tmp_path / "locks")


@pytest.fixture
def taken():
    """Takes one that is given back after the test."""
    with ExitStack() as to_give_back:

        def take():
            user = User.take()
            to_give_back.callback(user.give_back)
            return user.uid

        yield take


def test_a_machine_gives_out_none_of_them():
    people_of_systemd, services_of_systemd = 60_705, 61_184

    assert people_of_systemd < min(users._NOBODYS) <= max(users._NOBODYS) < services_of_systemd


def test_two_runs_never_have_the_same_one(monkeypatch, taken):
    monkeypatch.setattr(users, "_NOBODYS", range(60_800, 60_802))

    assert {taken(), taken()} == {60_800, 60_801}
    with pytest.raises(ServerStartError, match="60800 to 60801, are in use"):
        taken()


def test_one_that_was_given_back_can_be_taken_again(monkeypatch, taken):
    monkeypatch.setattr(users, "_NOBODYS", range(60_800, 60_801))
    User.take().give_back()

    assert taken() == 60_800


def test_one_with_a_name_belongs_to_somebody(monkeypatch, taken):
    somebody = pwd.getpwall()[-1].pw_uid
    monkeypatch.setattr(users, "_who_runs_something", set)
    monkeypatch.setattr(users, "_NOBODYS", range(somebody, somebody + 1))

    with pytest.raises(ServerStartError, match="in use"):
        taken()


def test_one_whose_group_has_a_name_belongs_to_somebody(monkeypatch, taken):
    somebodys = {user.pw_uid for user in pwd.getpwall()}
    group = next(each.gr_gid for each in grp.getgrall() if each.gr_gid not in somebodys)
    monkeypatch.setattr(users, "_NOBODYS", range(group, group + 1))

    with pytest.raises(ServerStartError, match="in use"):
        taken()


def test_one_that_runs_something_belongs_to_somebody(monkeypatch, taken):
    ours = os.getuid()
    monkeypatch.setattr(users, "_has_a_name", lambda _: False)
    monkeypatch.setattr(users, "_NOBODYS", range(ours, ours + 1))

    with pytest.raises(ServerStartError, match="in use"):
        taken()
