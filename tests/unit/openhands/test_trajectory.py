"""Every step of an agent, read page by page."""

import json
import uuid

import httpx
import pytest

from spec_to_production.openhands import agent_server
from spec_to_production.openhands.agent_server import AgentServer
from spec_to_production.openhands.client import Client

PAGES = {
    None: {"items": [{"kind": "MessageEvent", "text": "é"}], "next_page_id": "two"},
    "two": {"items": [{"kind": "ActionEvent"}, {"kind": "ObservationEvent"}]},
}


class Server(AgentServer):
    """One whose answers are known."""

    def __init__(self):
        super().__init__()
        self._begin()

    def _launch(self):
        http = httpx.Client(base_url="http://server", transport=httpx.MockTransport(answer))
        return Client(http), "1.58.0"

    def _provide(self, conversation, base):
        raise NotImplementedError

    _changes = _discard = _provide


def answer(request):
    assert request.url.params["sort_order"] == "TIMESTAMP"
    return httpx.Response(200, json=PAGES[request.url.params.get("page_id")])


def kinds(text):
    return [json.loads(line)["kind"] for line in text.splitlines()]


def test_all_pages_are_read_an_event_a_line():
    text = Server().trajectory(uuid.uuid4())

    assert kinds(text) == ["MessageEvent", "ActionEvent", "ObservationEvent"]
    assert "é" in text


@pytest.mark.parametrize("most", [0, 60])
def test_a_long_one_ends_early_and_says_so(monkeypatch, most):
    monkeypatch.setattr(agent_server, "_MOST_OF_A_TRAJECTORY", most)

    assert kinds(Server().trajectory(uuid.uuid4()))[-1] == "Cut"
