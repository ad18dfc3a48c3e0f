"""The gateway's listener on loopback: takes a throw-away key and forwards with the real one."""

from __future__ import annotations

import contextlib
import functools
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import SecretStr

from spec_to_production.errors import why_unreached
from spec_to_production.gateway.meter import Meter, Used
from spec_to_production.gateway.prices import Price
from spec_to_production.gateway.providers import KEY_HEADERS, Provider
from spec_to_production.gateway.purse import Purse
from spec_to_production.gateway.turns import Turns
from spec_to_production.listener import Listener
from spec_to_production.redaction import Redaction

_LOOPBACK = "127.0.0.1"
_LAST_CHUNK = b"0\r\n\r\n"
_LENGTH = re.compile(r"[0-9]{1,18}")
_LARGEST_REQUEST = 64 << 20
_LARGEST_REFUSAL = 1 << 20
_MOST_CONNECTIONS = 256
_IDLE_S = 120
_ANSWER_WITHIN_S = 600
_CONNECT_WITHIN_S = 15
_MAY_START_WITHIN_S = 20

# OpenAI's word for an empty purse; OpenHands does not ask again when it reads it.
_NO_RETRY = "insufficient_quota"

# Of what does not know the model, OpenHands does not ask again either.
_MISCONFIGURED = HTTPStatus.BAD_REQUEST

_PASSED_ON = ("accept", "content-type", "http-referer", "user-agent", "x-title")
_PASSED_ON_FAMILIES = ("anthropic-", "x-stainless-")
_PASSED_BACK = ("content-type", "request-id", "retry-after", "x-request-id")
_PASSED_BACK_FAMILIES = ("anthropic-ratelimit-", "x-ratelimit-")


class Gateway:
    """Serves one provider to whoever knows :attr:`address` and :attr:`key`, until it is closed.

    Args:
        provider: Where requests go, and nowhere else.
        key: The real key; it is sent to the provider only.
        purse: What may be spent.
        at_once: Most requests under way; others wait. By so many a limit is exceeded at most, and
            by as many again that were hung up on.
        find_price: Finds what the model costs; called once, before it is asked for the first time.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        provider: Provider,
        key: SecretStr | None,
        purse: Purse,
        *,
        at_once: int = _MOST_CONNECTIONS,
        find_price: Callable[[], Price | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = SecretStr(f"throw-away-{secrets.token_urlsafe(24)}")
        self.purse = purse
        self._path = f"/{secrets.token_urlsafe(24)}"
        self.turns = Turns(at_once)
        self._find_price = functools.cache(find_price)
        self._looking_for_price = threading.Lock()
        self._provider = provider
        self._real_key = key.get_secret_value() if key else None
        self._redaction = Redaction.of([self._real_key])
        self._clock = clock
        self._was_reached = False
        self._missed_since = float("inf")
        self._http = httpx.Client(
            timeout=httpx.Timeout(_ANSWER_WITHIN_S, connect=_CONNECT_WITHIN_S),
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS),
            # A proxy could not reach a server on this machine.
            trust_env=urlsplit(provider.address).hostname not in (_LOOPBACK, "localhost"),
        )
        handler = type("Handler", (_Handler,), {"gateway": self})
        self._server = _Server((_LOOPBACK, 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="gateway"
        )
        self._thread.daemon = True
        self._thread.start()

    @property
    def address(self) -> str:
        """The base URL for the agent's model client."""
        return f"http://{_LOOPBACK}:{self._server.server_port}{self._path}"

    def close(self) -> None:
        """Take no further request, and end those that are under way."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._http.close()

    def knows(self, path: str, keys: Iterator[str]) -> bool:
        """Whether a request comes from our agent server."""
        expected = self.key.get_secret_value().encode()
        right_place = hmac.compare_digest(path.encode(), self._path.encode())
        return right_place and any(hmac.compare_digest(key.encode(), expected) for key in keys)

    def route(self, path: str, query: str, body: bytes) -> str | None:
        """Where a request goes; see :meth:`.Provider.route`."""
        return self._provider.route(path, query, body)

    @contextlib.contextmanager
    def ask(self, url: str, headers: Mapping[str, str], body: bytes) -> Iterator[httpx.Response]:
        """A context with the provider's answer, its body not yet read."""
        own = self._provider.key_header(self._real_key) if self._real_key else {}
        asked = {**headers, **own, "accept-encoding": "identity"}
        with self._http.stream("POST", url, headers=asked, content=body) as answer:
            self._was_reached = True
            yield answer

    def fault(self, error: Exception) -> tuple[HTTPStatus, str]:
        """What is answered in the place of a provider that did not, and why.

        One that was never reached may be starting, for some seconds; then its address is wrong.
        """
        if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return HTTPStatus.BAD_GATEWAY, f"The model's provider: {type(error).__name__}"
        self._missed_since = min(self._missed_since, self._clock())
        waited = self._clock() - self._missed_since
        is_wrong = not self._was_reached and waited > _MAY_START_WITHIN_S
        return (
            _MISCONFIGURED if is_wrong else HTTPStatus.BAD_GATEWAY,
            f"{self._provider.host} cannot be reached: {why_unreached(error)}.",
        )

    def price(self) -> Price | None:
        """What the model costs, if that is known."""
        with self._looking_for_price:
            return self._find_price()

    def pay(self, used: Used) -> None:
        """Count what an answer used; one whose price is not known costs no money."""
        price = self.price()
        cost_usd = price.of(used) if price else used.cost_usd
        self.purse.pay(used.tokens, cost_usd or 0)

    def clean(self, body: bytes) -> bytes:
        """A refusal's body without the key: some servers repeat what they were sent."""
        return self._redaction.content(body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    # Headers and body are written one after the other; Nagle's algorithm would hold them back.
    disable_nagle_algorithm = True
    gateway: Gateway

    def do_POST(self) -> None:
        self.has_begun = False
        asked = urlsplit(self.path)
        first, slash, rest = asked.path.removeprefix("/").partition("/")
        if not self.gateway.knows(f"/{first}", self._keys(asked.query)):
            return self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
        length = self.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length):
            return self._refuse(HTTPStatus.LENGTH_REQUIRED, "The request's length is not given.")
        if int(length) > _LARGEST_REQUEST:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
        body = self.rfile.read(int(length))
        url = self.gateway.route(slash + rest, asked.query, body)
        if url is None:
            return self._refuse(
                HTTPStatus.FORBIDDEN, "Only the configured model can be asked, and for answers."
            )
        with self.gateway.turns.turn(self.connection):
            self.gateway.price()
            if self.gateway.purse.take_request():
                return self._forward(url, body)
        return self._refuse(
            HTTPStatus.TOO_MANY_REQUESTS,
            "The budget of this run for the model is spent.",
            code=_NO_RETRY,
        )

    def _forward(self, url: str, body: bytes) -> None:
        headers = dict(_chosen(self.headers, _PASSED_ON, _PASSED_ON_FAMILIES))
        try:
            with (
                self.gateway.ask(url, headers, body) as answer,
                self._metered(answer, len(body)) as meter,
            ):
                self._pass_back(answer, meter)
        # A RuntimeError is what a request meets when the run has ended and the client is closed.
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            self._give_up(error)
            return
        # Only now is the answer whole for the client: what it asks next meets what it spent.
        self.wfile.write(_LAST_CHUNK)

    @contextlib.contextmanager
    def _metered(self, answer: httpx.Response, sent: int) -> Iterator[Meter]:
        """Have what an answer used paid for, also when it breaks off; a refusal costs nothing."""
        kind = answer.headers.get("content-type", "")
        meter = Meter(sent, streamed=kind.startswith("text/event-stream"))
        try:
            yield meter
        finally:
            if answer.is_success:
                self.gateway.pay(meter.used())

    def _pass_back(self, answer: httpx.Response, meter: Meter) -> None:
        chunks = answer.iter_bytes()
        if not answer.is_success:
            refusal = b"".join(_up_to(_LARGEST_REFUSAL, chunks))
            chunks = iter([self.gateway.clean(refusal)])
        self.send_response(answer.status_code)
        for name, value in _chosen(answer.headers, _PASSED_BACK, _PASSED_BACK_FAMILIES):
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in filter(None, chunks):
            meter.feed(chunk)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    def _give_up(self, error: Exception) -> None:
        self.close_connection = True
        if not self.has_begun:
            self._refuse(*self.gateway.fault(error))

    def _refuse(self, status: HTTPStatus, message: str, code: str = "gateway") -> None:
        error = {"message": message, "type": code, "code": code}
        content = json.dumps({"error": error}).encode()
        # What the request still holds was not read; the connection cannot serve another.
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def _keys(self, query: str) -> Iterator[str]:
        for name in KEY_HEADERS:
            yield self.headers.get(name, "").removeprefix("Bearer ")
        yield from parse_qs(query).get("key", [])

    def end_headers(self) -> None:
        """Remember that an answer has begun: nothing else can be said then."""
        self.has_begun = True
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal belongs to the run."""


class _Server(Listener):
    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        # The agent must not be able to fill this process with threads.
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


def _chosen(
    headers: Any,  # noqa: ANN401
    names: tuple[str, ...],
    families: tuple[str, ...],
) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        if name.lower() in names or name.lower().startswith(families):
            yield name, value


def _up_to(most: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[:most]
        most -= len(chunk)
        if most <= 0:
            return
