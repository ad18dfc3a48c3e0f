"""The gateway between a client and a provider, over real connections."""

import http.client
import itertools
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import httpx
import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Response

from spec_to_production import backend
from spec_to_production.gateway import Gateway, Purse, find_provider, server
from spec_to_production.gateway.prices import Price
from spec_to_production.openhands.interface import Model
from spec_to_production.settings import from_options

KEY = "the-real-key-0123456789"
ASKED = {"model": "recorded-x", "messages": [{"role": "user", "content": "hello"}]}
ANSWER = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
EVENTS = [b'data: {"choices": [{}]}\n\n', f"data: {json.dumps(ANSWER)}\n\n".encode()]
PATH = "/v1/chat/completions"


@pytest.fixture(scope="module")
def make_httpserver():
    """A provider that answers several at once."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def open_gateway(httpserver):
    opened = []

    def open_(purse=None, model="openai/recorded-x", base="/v1", **options):
        provider = find_provider(model, httpserver.url_for(base))
        opened.append(Gateway(provider, SecretStr(KEY), purse or Purse(), **options))
        return opened[-1]

    yield open_
    for gateway in opened:
        gateway.close()


def ask(gateway, path="/chat/completions", *, headers=None, **options):
    shown = headers or {"Authorization": f"Bearer {gateway.key.get_secret_value()}"}
    options = {"json": ASKED, "timeout": 60, **options}
    return httpx.post(f"{gateway.address}{path}", headers=shown, trust_env=False, **options)


def test_the_provider_gets_the_real_key_and_the_client_the_answer(httpserver, open_gateway):
    httpserver.expect_request(
        PATH, method="POST", headers={"Authorization": f"Bearer {KEY}"}, json=ASKED
    ).respond_with_json(ANSWER, headers={"x-request-id": "42", "set-cookie": "a=b"})
    gateway = open_gateway()

    answer = ask(gateway)

    assert answer.json() == ANSWER
    assert answer.headers["x-request-id"] == "42"
    assert "set-cookie" not in answer.headers
    assert gateway.purse.spent.requests == 1


@pytest.mark.parametrize(
    ("prefix", "path", "shown"),
    [
        ("anthropic", "/v1/messages", "x-api-key"),
        ("gemini", "/models/recorded-x:generateContent", "x-goog-api-key"),
        ("azure", "/openai/deployments/recorded-x/chat/completions", "api-key"),
    ],
)
def test_each_dialect_shows_its_key_where_it_belongs(httpserver, open_gateway, prefix, path, shown):
    httpserver.expect_request(path, headers={shown: KEY}).respond_with_json(ANSWER)
    gateway = open_gateway(model=f"{prefix}/recorded-x", base="")
    throw_away = gateway.key.get_secret_value()

    assert ask(gateway, path, headers={shown: throw_away}).is_success


def test_the_key_may_be_shown_in_the_query_as_gemini_does(httpserver, open_gateway):
    httpserver.expect_request(
        "/models/recorded-x:generateContent", query_string={"alt": "sse"}
    ).respond_with_json(ANSWER)
    gateway = open_gateway(model="gemini/recorded-x", base="")
    query = f"?alt=sse&key={gateway.key.get_secret_value()}"

    answer = ask(gateway, f"/models/recorded-x:generateContent{query}", headers={"a": "b"}, json={})

    assert answer.is_success


def test_a_stream_arrives_as_it_comes(httpserver, open_gateway):
    seen = threading.Event()

    def events(_):
        def body():
            yield EVENTS[0]
            # Were the answer held back until its end, the client would not see the first part.
            assert seen.wait(20)
            yield EVENTS[1]

        return Response(body(), content_type="text/event-stream")

    httpserver.expect_request(PATH).respond_with_handler(events)
    gateway = open_gateway()
    headers = {"Authorization": f"Bearer {gateway.key.get_secret_value()}"}
    received = b""
    with (
        httpx.Client(trust_env=False) as client,
        client.stream(
            "POST", f"{gateway.address}/chat/completions", json=ASKED, headers=headers
        ) as answer,
    ):
        for chunk in answer.iter_bytes():
            received += chunk
            seen.set()

    assert received == b"".join(EVENTS)
    gateway.close()
    assert gateway.purse.spent.tokens == 10


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer wrong"}, {"x-api-key": ""}, {"Authorization": f"Bearer {KEY}"}],
)
def test_without_the_throw_away_key_there_is_nothing(httpserver, open_gateway, headers):
    answer = ask(open_gateway(), headers=headers)

    assert answer.status_code == 404
    assert not httpserver.log


def test_without_the_random_path_there_is_nothing(httpserver, open_gateway):
    gateway = open_gateway()
    address = httpx.URL(gateway.address).copy_with(path=PATH)
    headers = {"Authorization": f"Bearer {gateway.key.get_secret_value()}"}

    assert httpx.post(address, headers=headers, json=ASKED, trust_env=False).status_code == 404
    assert not httpserver.log


def bare_request(gateway, headers):
    """What is answered to headers alone: the body that they announce never comes."""
    address = httpx.URL(gateway.address)
    with closing(http.client.HTTPConnection(address.host, address.port, timeout=20)) as client:
        client.putrequest("POST", f"{address.path}/chat/completions")
        for name, value in headers.items():
            client.putheader(name, value)
        client.endheaders()
        return client.getresponse().status


def test_of_a_stranger_no_body_is_read(open_gateway):
    assert bare_request(open_gateway(), {"Content-Length": "1000"}) == 404


@pytest.mark.parametrize(
    ("length", "status"),
    [({}, 411), ({"Content-Length": "-1"}, 411), ({"Content-Length": str(1 << 30)}, 413)],
)
def test_a_body_has_to_say_its_length_and_be_of_a_sane_one(open_gateway, length, status):
    gateway = open_gateway()
    key = {"Authorization": f"Bearer {gateway.key.get_secret_value()}"}

    assert bare_request(gateway, {**key, **length}) == status


def test_connections_to_one_gateway_take_none_from_another(httpserver, open_gateway, monkeypatch):
    httpserver.expect_request(PATH).respond_with_json(ANSWER)
    monkeypatch.setattr(server, "_MOST_CONNECTIONS", 1)
    one, other = open_gateway(), open_gateway()
    with socket.create_connection(("127.0.0.1", httpx.URL(one.address).port)):
        with pytest.raises(httpx.TransportError):
            ask(one)
        assert ask(other).is_success


@pytest.mark.parametrize("path", ["/models", "/../files", "/chat/completions/..", "/embeddings"])
def test_other_paths_of_the_provider_are_refused(httpserver, open_gateway, path):
    assert ask(open_gateway(), path).status_code in (403, 404)
    assert not httpserver.log


def test_another_model_of_the_provider_is_refused(httpserver, open_gateway):
    assert ask(open_gateway(), json={**ASKED, "model": "dearer"}).status_code == 403
    assert not httpserver.log


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "CONNECT"])
def test_other_methods_are_refused(httpserver, open_gateway, method):
    gateway = open_gateway()
    headers = {"Authorization": f"Bearer {gateway.key.get_secret_value()}"}

    answer = httpx.request(
        method, f"{gateway.address}/chat/completions", headers=headers, trust_env=False
    )

    assert answer.status_code == 501
    assert not httpserver.log


def test_a_redirect_is_not_followed(httpserver, open_gateway):
    httpserver.expect_request(PATH).respond_with_data(
        status=307, headers={"Location": "http://127.0.0.1:1/"}
    )

    answer = ask(open_gateway())

    assert answer.status_code == 307
    assert "location" not in answer.headers


def test_a_key_that_the_provider_repeats_stays_here(httpserver, open_gateway):
    httpserver.expect_request(PATH).respond_with_data(f"bad key: {KEY}", status=401)

    assert ask(open_gateway()).text == "bad key: ***"


def test_a_spent_budget_is_said_in_words_that_are_not_tried_again(httpserver, open_gateway):
    httpserver.expect_request(PATH).respond_with_json(ANSWER)
    gateway = open_gateway(Purse(requests=1))

    assert ask(gateway).is_success
    refused = ask(gateway)

    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "insufficient_quota"
    assert len(httpserver.log) == 1


def test_the_money_is_exceeded_by_the_requests_under_way_at_most(httpserver, open_gateway):
    """Also when everybody asks at the same moment: each request costs 1 US dollar here."""
    httpserver.expect_request(PATH).respond_with_json(ANSWER)
    price = Price({"input_cost_per_token": {0: 0.1}, "output_cost_per_token": {0: 0.1}})
    gateway = open_gateway(Purse(cost_usd=2.5), at_once=2, find_price=lambda: price)

    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda _: ask(gateway), range(32)))

    let_through = [answer for answer in answers if answer.is_success]
    assert len(let_through) == len(httpserver.log)
    assert 3 <= len(let_through) <= 4
    assert gateway.purse.spent.cost_usd == pytest.approx(len(let_through))


def test_a_call_that_hangs_keeps_no_turn_once_the_agent_has_hung_up(httpserver, open_gateway):
    is_asked, end = threading.Event(), threading.Event()

    def hang(_):
        is_asked.set()
        assert end.wait(60)
        return Response(json.dumps(ANSWER))

    httpserver.expect_ordered_request(PATH).respond_with_handler(hang)
    httpserver.expect_ordered_request(PATH).respond_with_json(ANSWER)
    gateway = open_gateway(at_once=1)
    address = httpx.URL(gateway.address)
    headers = {"Authorization": f"Bearer {gateway.key.get_secret_value()}"}
    agent = HTTPConnection(address.host, address.port)
    agent.request("POST", f"{address.path}/chat/completions", json.dumps(ASKED), headers)
    assert is_asked.wait(60)
    agent.close()

    assert ask(gateway).is_success
    end.set()


def test_a_cost_that_the_provider_names_counts_without_a_price(httpserver, open_gateway):
    usage = {**ANSWER["usage"], "cost": 0.25}
    httpserver.expect_request(PATH).respond_with_json({**ANSWER, "usage": usage})
    gateway = open_gateway(Purse(cost_usd=0.5))

    assert [ask(gateway).status_code for _ in range(3)] == [200, 200, 429]


def test_a_provider_that_is_not_there_is_said_so(open_gateway, httpserver):
    provider = find_provider("openai/recorded-x", "http://127.0.0.1:1/v1")
    with closing(Gateway(provider, None, Purse())) as gateway:
        answer = ask(gateway)

    assert answer.status_code == 502
    assert gateway.purse.spent.tokens == 0
    told = answer.json()["error"]["message"]
    assert told == "127.0.0.1:1 cannot be reached: connection refused."


def test_a_provider_that_is_never_there_is_taken_for_a_wrong_address_after_some_seconds():
    provider = find_provider("openai/recorded-x", "http://127.0.0.1:1/v1")
    now = iter([0, 0, 19, 19, 21, 21])
    with closing(Gateway(provider, None, Purse(), clock=lambda: next(now))) as gateway:
        answers = [ask(gateway) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [502, 502, 400]


def test_a_provider_that_was_there_once_may_come_back():
    provider_there = HTTPServer()
    provider_there.expect_request(PATH).respond_with_json(ANSWER)
    provider_there.start()
    provider = find_provider("openai/recorded-x", provider_there.url_for("/v1"))
    now = itertools.count(step=60)
    with closing(Gateway(provider, None, Purse(), clock=lambda: next(now))) as gateway:
        assert ask(gateway).is_success
        provider_there.stop()
        answers = [ask(gateway) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [502, 502]


@pytest.mark.parametrize("status", [307, 400, 429, 500])
def test_a_refusal_costs_nothing(httpserver, open_gateway, status):
    httpserver.expect_request(PATH).respond_with_data("no", status=status)
    gateway = open_gateway()

    assert ask(gateway).status_code == status
    assert (gateway.purse.spent.requests, gateway.purse.spent.tokens) == (1, 0)


def test_after_the_run_nothing_answers(open_gateway):
    gateway = open_gateway()
    gateway.close()

    with pytest.raises(httpx.ConnectError):
        ask(gateway)


@pytest.mark.parametrize(("limit", "lines"), [({"max-cost-usd": "1"}, 1), ({}, 0)])
def test_money_that_cannot_be_limited_is_said_before_the_model_is_asked(
    httpserver, tmp_path, limit, lines
):
    options = {"spec": "s.md", "component": "src/x", "llm-model": "openai/recorded-x", **limit}
    settings = from_options(options, tmp_path, {})
    models = [Model("openai/recorded-x", SecretStr(KEY), httpserver.url_for("/v1"))]
    told, told_when_asked = [], []

    def answer(_):
        told_when_asked.extend(told)
        return Response(json.dumps(ANSWER), content_type="application/json")

    httpserver.expect_request(PATH).respond_with_handler(answer)
    with backend.kept_from_agent(
        models, settings, 1, {"HOME": str(tmp_path)}, told.append
    ) as reached:
        headers = {"Authorization": f"Bearer {reached[0].api_key.get_secret_value()}"}
        url = f"{reached[0].base_url}/chat/completions"
        for _ in range(2):
            assert httpx.post(url, headers=headers, json=ASKED, trust_env=False).is_success

    assert told == told_when_asked[:lines]
    assert len(told) == lines
    assert all("max-cost-usd" in line and "openai/recorded-x" in line for line in told)
