"""The agent servers that several pairs of spec and component have in common."""

import pytest

from spec_to_production import backend
from spec_to_production.servers import Servers


class Fleet:
    closed = 0

    def close(self):
        self.closed += 1


@pytest.fixture
def started(monkeypatch):
    """What was started, as the arguments it was started with."""
    calls = []

    def start(settings, work, env, kept, tell):
        calls.append((settings, work, env, kept, tell))
        return Fleet()

    monkeypatch.setattr(backend, "start", start)
    return calls


def test_nothing_is_started_before_it_is_needed(started, tmp_path):
    Servers(tmp_path, {}).close()

    assert started == []


def test_all_pairs_get_the_same_servers_and_what_these_say_goes_to_the_last(started, tmp_path):
    servers, first, second = Servers(tmp_path, {}), [], []
    one = servers.fleet("settings", None, first.append)
    started[0][4]("starting")
    two = servers.fleet("settings", None, second.append)
    started[0][4]("ready")
    servers.close()

    assert one is two
    assert len(started) == 1
    assert (first, second) == (["starting"], ["ready"])
    assert one.closed == 1
