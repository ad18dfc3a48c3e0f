"""A server at an address, as far as it needs no real one."""

import uuid
from contextlib import closing

import httpx
import pytest
import respx

from spec_to_production.errors import ServerStartError
from spec_to_production.openhands import RemoteServer, remote

HOST = "http://agent-server.test"
JOB = uuid.UUID(int=7)


class Restarting:
    """What 1.58.0 was seen to do: after a restart a conversation stays as it was until it is read,
    and it can't be read while the server that was killed holds it.
    """

    def __init__(self):
        self.uptime, self.status, self.is_held = 1000.0, "running", False

    def __call__(self, request):
        match request.url.path:
            case "/server_info":
                return httpx.Response(200, json={"version": "1.58.0", "uptime": self.uptime})
            case "/api/conversations":
                found = {"id": str(JOB), "execution_status": self.status}
                return httpx.Response(200, json=[found])
            case path if path.endswith("/events/search"):
                if self.is_held:
                    return httpx.Response(404, json={"detail": "Conversation not found"})
                self.status = "error" if self.uptime < 1000 else "running"
                return httpx.Response(200, json={"items": []})
        return httpx.Response(200, json={"success": True, "exit_code": 0})


@respx.mock
def test_what_a_restart_ended_is_not_taken_for_running(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "_ASK_AGAIN_S", -1)
    server = Restarting()
    respx.route().mock(side_effect=server)
    with closing(RemoteServer(HOST, None)) as client:
        assert client.attach(JOB, tmp_path)
        status = lambda: client.states([JOB])[JOB].status  # noqa: E731
        assert status() == "running"

        server.uptime, server.is_held = 3.0, True
        assert status() == "running"
        server.is_held = False
        assert status() == "error"


@respx.mock
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.ConnectError("refused"), "refused"),
        (httpx.Response(503, json={"status": "initializing"}), "503"),
        (httpx.Response(404, text="no such page"), "404"),
    ],
)
def test_a_server_that_does_not_get_ready_is_told_with_its_last_word(monkeypatch, answer, why):
    monkeypatch.setattr(remote, "_READY_WITHIN_S", 0)
    respx.get(f"{HOST}/ready").mock(side_effect=[answer] * 9)
    with (
        closing(RemoteServer(HOST, None)) as client,
        pytest.raises(ServerStartError, match=rf"not ready within 0 s\. .*{why}"),
    ):
        client.wait_until_ready()
