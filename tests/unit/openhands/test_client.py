from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator

import httpx
import pytest
import respx
import stamina

from spec_to_production.errors import ApiError, OpenHandsError, ServerLostError
from spec_to_production.openhands import protocol
from spec_to_production.openhands.client import Client, LateAnswerError
from spec_to_production.openhands.models import ServerInfo, Success

HOST = "http://agent-server.test"
JOB = uuid.UUID(int=7)


@pytest.fixture(autouse=True)
def _without_backoff() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=4, cap=True):
        yield


@pytest.fixture
def client() -> Iterator[Client]:
    with httpx.Client(base_url=HOST) as http:
        yield Client(http)


@respx.mock
@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        httpx.Response(500, text="oops"),
        httpx.Response(503),
        httpx.Response(200, text='{"vers'),
        httpx.Response(200, text="<html>"),
        httpx.DecodingError("not gzip"),
    ],
)
def test_what_may_pass_is_tried_again(client, trouble):
    route = respx.get(f"{HOST}/server_info")
    route.side_effect = [trouble, trouble, httpx.Response(200, json={"version": "1.58.0"})]
    assert client.send(protocol.server_info(), ServerInfo).version == "1.58.0"
    assert route.call_count == 3


@respx.mock
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_is_final(client, status):
    route = respx.post(f"{HOST}/api/conversations/{JOB}/run").respond(status, json={"detail": "no"})
    with pytest.raises(ApiError) as caught:
        client.send(protocol.run(JOB), Success)
    assert caught.value.status == status
    assert route.call_count == 1


@respx.mock
@pytest.mark.parametrize("body", ["", "{}"])
def test_a_server_that_sends_elsewhere_has_not_done_it(client, body):
    moved = {"Location": "https://elsewhere.test/"}
    respx.post(f"{HOST}/api/conversations/{JOB}/run").respond(307, text=body, headers=moved)
    with pytest.raises(ApiError, match=r"elsewhere \(307\): https://elsewhere\.test/") as caught:
        client.send(protocol.run(JOB), Success)
    assert caught.value.status == 307


@respx.mock
def test_a_file_is_asked_for_until_all_of_it_arrives(client):
    digest = hashlib.sha256(b"whole").hexdigest()
    route = respx.get(f"{HOST}/api/file/download")
    route.side_effect = [httpx.Response(200, content=part) for part in (b"who", b"", b"whole")]
    assert client.fetch(protocol.download("/file"), digest) == b"whole"

    route.side_effect = [httpx.Response(200, content=b"who")] * 4
    with pytest.raises(ApiError, match=r"not the whole file\.\n"):
        client.fetch(protocol.download("/file"), digest)


@respx.mock
def test_a_full_server_is_waited_for(client):
    route = respx.post(f"{HOST}/api/conversations/{JOB}/run")
    route.side_effect = [httpx.Response(429), httpx.Response(429), httpx.Response(200, json={})]
    assert client.send(protocol.run(JOB), Success).success


@respx.mock
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [
        ("8", [8, 8]),
        ("9" * 400, [30, 30]),
        ("0", None),
        ("-1", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
    ],
)
def test_a_server_that_says_for_how_long_is_left_alone(
    client, monkeypatch, status, retry_after, waits
):
    waited = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    busy = httpx.Response(status, headers={"Retry-After": retry_after})
    route = respx.post(f"{HOST}/api/conversations/{JOB}/interrupt")
    route.side_effect = [busy, busy, httpx.Response(200, json={})]
    with stamina.set_testing(testing=False):
        client.send(protocol.interrupt(JOB), Success)

    assert waited == waits if waits else all(0 < each < 2 for each in waited)


@respx.mock
@pytest.mark.parametrize(
    "trouble", [httpx.ReadError("reset"), httpx.ReadTimeout("late"), httpx.Response(500)]
)
def test_a_message_that_may_have_arrived_is_not_sent_again(client, trouble):
    route = respx.post(f"{HOST}/api/conversations/{JOB}/events")
    route.side_effect = [trouble]
    with pytest.raises((ApiError, ServerLostError, LateAnswerError)):
        client.send(protocol.message(JOB, "go on"), Success)
    assert route.call_count == 1


@respx.mock
def test_a_message_that_cannot_have_arrived_is_sent_again(client):
    route = respx.post(f"{HOST}/api/conversations/{JOB}/events")
    route.side_effect = [httpx.ConnectError("refused"), httpx.Response(200, json={})]
    client.send(protocol.message(JOB, "go on"), Success)
    assert route.call_count == 2


@respx.mock
def test_a_late_look_is_not_waited_for_twice(client):
    route = respx.get(f"{HOST}/server_info").mock(side_effect=httpx.ReadTimeout("late"))
    with pytest.raises(LateAnswerError, match="GET /server_info"):
        client.send(protocol.server_info(), ServerInfo)
    assert route.call_count == 1


@respx.mock
def test_a_server_out_of_reach_is_lost_after_a_few_tries(client):
    route = respx.get(f"{HOST}/server_info").mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(ServerLostError, match="refused"):
        client.send(protocol.server_info(), ServerInfo)
    assert route.call_count == 4


@respx.mock
def test_a_dead_server_is_not_asked_again_and_why_it_is_dead_is_told():
    route = respx.get(f"{HOST}/server_info").mock(side_effect=httpx.ConnectError("refused"))
    with httpx.Client(base_url=HOST) as http, pytest.raises(ServerLostError, match="its end"):
        Client(http, why_gone=lambda: "its end").send(protocol.server_info(), ServerInfo)
    assert route.call_count == 1


@respx.mock
@pytest.mark.parametrize("trouble", [httpx.TooManyRedirects("round"), RuntimeError("closed")])
def test_whatever_else_goes_wrong_is_told_as_the_servers(client, trouble):
    respx.get(f"{HOST}/server_info").mock(side_effect=trouble)
    with pytest.raises(OpenHandsError, match=f"GET /server_info failed: {trouble}"):
        client.send(protocol.server_info(), ServerInfo)


@respx.mock
def test_an_answer_without_end_of_brackets_is_one_that_cannot_be_read(client):
    respx.get(f"{HOST}/server_info").respond(422, text="[" * 200_000)
    with pytest.raises(ApiError) as caught:
        client.send(protocol.server_info(), ServerInfo)
    assert caught.value.status == 422


def test_after_the_end_nothing_is_sent(client):
    client.close()
    with pytest.raises(ServerLostError, match="over"):
        client.send(protocol.server_info(), ServerInfo)
