"""Sends requests to one agent server, and sends them again where that helps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal, TypeVar

import httpx
import stamina

from spec_to_production.errors import (
    ApiError,
    OpenHandsError,
    ServerLostError,
    why_unreached,
)
from spec_to_production.openhands import protocol
from spec_to_production.openhands.protocol import A, Request

T = TypeVar("T")

_THROUGH_FAULTS = stamina.RetryingCaller(
    attempts=5, timeout=90, wait_initial=0.1, wait_max=2, wait_jitter=0.2
)
_MALFORMED = (HTTPStatus.OK, HTTPStatus.CREATED)
_LONGEST_WAIT_S = 30.0
_MOVED = range(300, 400)


class LateAnswerError(OpenHandsError):
    """The server took the request and did not answer in time: its outcome is not known."""


class Client:
    """A thin sender; may be used from several threads.

    Args:
        http: Knows the address, the key and the time limits.
        why_gone: Why the server can answer no more; empty while it can. Then nothing is repeated.
        full_for_s: How long a server that is full is waited for.
    """

    def __init__(
        self,
        http: httpx.Client,
        why_gone: Callable[[], str] = lambda: "",
        *,
        full_for_s: float = 120,
    ) -> None:
        self._http = http
        self._why_gone = why_gone
        self._for_room = stamina.RetryingCaller(
            attempts=None, timeout=full_for_s, wait_initial=0.2, wait_max=2, wait_jitter=0.2
        )

    def send(self, request: Request, expected: type[A], *, wait_for_room: bool = True) -> A:
        """Send a request until it is answered.

        Lost connections and server errors are tried again a few times. A server that is full
        (429) is waited for: that is no failure.

        Args:
            request: What is asked.
            expected: The form of the answer.
            wait_for_room: ``False`` tells at once, as an ``ApiError``, that the server is full.

        Raises:
            ApiError: The server refused.
            LateAnswerError: It did not answer in time.
            ServerLostError: It cannot be reached.
        """
        read = _reader(request, expected)
        return (self._wait_for_room if wait_for_room else self._persist)(request, read)

    def fetch(self, request: Request, digest: str) -> bytes:
        """Send a request whose answer is a file with a SHA-256 digest; as :meth:`send` otherwise.

        What arrives damaged is asked for again.
        """
        return self._wait_for_room(request, functools.partial(protocol.file, request, digest))

    def ask_once(self, request: Request, expected: type[A]) -> A:
        """Send a request a single time; raises as :meth:`send` does."""
        try:
            return self._once(request, _reader(request, expected))
        except httpx.TransportError as error:
            raise self._explain(request, error) from error

    def require_life(self) -> None:
        """Raise what a request would, where the server is known to be gone."""
        if why := self._why_gone():
            raise ServerLostError(f"The agent server cannot be reached: {why}")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _wait_for_room(self, request: Request, read: Callable[[int, bytes], T]) -> T:
        return self._for_room(self._while_there(_is_full), self._persist, request, read)

    def _persist(self, request: Request, read: Callable[[int, bytes], T]) -> T:
        helps = functools.partial(_is_worth_repeating, request)
        try:
            return _THROUGH_FAULTS(self._while_there(helps), self._once, request, read)
        except httpx.TransportError as error:
            raise self._explain(request, error) from error

    def _while_there(
        self, helps: Callable[[Exception], bool]
    ) -> Callable[[Exception], bool | float]:
        return lambda error: not self._why_gone() and helps(error) and _wait_asked_for(error)

    def _once(self, request: Request, read: Callable[[int, bytes], T]) -> T:
        if self._http.is_closed:
            raise ServerLostError(f"{request.method} {request.path}: the run is over.")
        response = self._respond(request)
        if response.status_code in _MOVED:
            elsewhere = response.headers.get("Location", "it does not say where")
            raise ApiError(
                f"The server sends {request.method} {request.path} elsewhere "
                f"({response.status_code}): {elsewhere}",
                status=response.status_code,
                detail=f"sent to {elsewhere}",
                hint="The address has to be the one at which the server itself answers.",
            )
        try:
            return read(response.status_code, response.content)
        except ApiError as error:
            error.retry_after_s = _seconds(response.headers.get("Retry-After", ""))
            raise
        except (ValueError, RecursionError) as error:
            raise ApiError(
                f"The agent server's answer to {request.method} {request.path} cannot be read: "
                f"{error}",
                status=response.status_code,
            ) from error

    def _respond(self, request: Request) -> httpx.Response:
        try:
            return self._http.request(
                request.method,
                request.path,
                params=request.query,
                json=request.json,
                files=None if request.file is None else {"file": request.file},
            )
        except httpx.DecodingError as error:  # it arrived damaged, as one that was cut short
            raise httpx.ReadError(str(error)) from error
        except httpx.TransportError:
            raise
        # The last is what httpx says when it is closed meanwhile.
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
            raise OpenHandsError(f"{request.method} {request.path} failed: {error}") from error

    def _explain(self, request: Request, error: httpx.TransportError) -> OpenHandsError:
        asked = f"{request.method} {request.path}"
        if isinstance(error, httpx.ReadTimeout):
            return LateAnswerError(f"The agent server did not answer {asked} in time.")
        why = self._why_gone() or why_unreached(error)
        where = self._http.base_url.netloc.decode()  # without a password
        return ServerLostError(f"The agent server at {where} cannot be reached ({asked}): {why}")


def _reader(request: Request, expected: type[A]) -> Callable[[int, bytes], A]:
    return lambda status, body: protocol.decipher(request, status, body, expected)


def _is_full(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.status == HTTPStatus.TOO_MANY_REQUESTS


def _wait_asked_for(error: Exception) -> float | Literal[True]:
    """Seconds until a further attempt, as the server says; ``True`` where that is left to us."""
    seconds = error.retry_after_s if isinstance(error, ApiError) else None
    return min(seconds, _LONGEST_WAIT_S) if seconds else True


def _seconds(retry_after: str) -> float | None:
    """``Retry-After`` (RFC 9110, 10.2.3); a date is not understood, as the clocks may differ."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdecimal() else None


def _is_worth_repeating(request: Request, error: Exception) -> bool:
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return True
        case httpx.ReadTimeout() if request.method == "GET":
            return False  # a late look is looked at anew soon enough
        case httpx.TransportError():
            return request.repeatable
        case ApiError(status=status):
            broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _MALFORMED
            return status == HTTPStatus.SERVICE_UNAVAILABLE or (request.repeatable and broken)
        case _:
            return False
