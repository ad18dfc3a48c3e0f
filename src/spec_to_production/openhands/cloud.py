"""OpenHands Cloud: an agent server in a sandbox that a run rents for itself.

Only the sandbox is asked of the Cloud; conversations are then held with the agent server in it,
as OpenHands' own client does (``OpenHandsCloudWorkspace`` of openhands-workspace). Paths and
fields are those of version 1 of the Cloud's published API: ``openapi/openhands-cloud.json`` in
the repository OpenHands/docs, at commit b9b5c03.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

import httpx
from pydantic import RootModel, SecretStr

from spec_to_production.errors import (
    ApiError,
    KeyRefusedError,
    OpenHandsError,
    ServerLostError,
    ServerStartError,
)
from spec_to_production.openhands.client import Client, LateAnswerError
from spec_to_production.openhands.interface import State
from spec_to_production.openhands.models import Answer, Success
from spec_to_production.openhands.protocol import A, Request
from spec_to_production.openhands.remote import ANSWER_WITHIN_S, DistantServer, way
from spec_to_production.openhands.rentals import Rentals

ADDRESS = "https://app.all-hands.dev"
"""Where OpenHands Cloud answers."""

_SANDBOXES = "/api/v1/sandboxes"
_STARTS_WITHIN_S = 300
_FULL_FOR_S = 900
_LOOK_AGAIN_S = 1.0
_UNAUTHORISED = {401, 403}
_NOT_FOUND = 404


class ExposedUrl(Answer):
    """One of the addresses at which a sandbox answers."""

    name: str
    url: str


class Sandbox(Answer):
    """What the API calls ``SandboxInfo``; key and addresses are told while it is running."""

    id: str
    status: str
    status_detail: str | None = None
    session_api_key: SecretStr | None = None
    exposed_urls: list[ExposedUrl] | None = None

    @property
    def agent_server(self) -> str | None:
        """Where its agent server answers; ``None`` while it does not."""
        addresses = {each.name: each.url for each in self.exposed_urls or ()}
        return addresses.get("AGENT_SERVER") if self.status == "RUNNING" else None

    @property
    def words(self) -> str:
        """Its status, and what the Cloud says about that."""
        return ", ".join(filter(None, (self.status, self.status_detail)))


class _Sandboxes(RootModel[list[Sandbox | None]]):
    """Those that were asked for, ``None`` for one that is gone."""


class CloudServer(DistantServer):
    """Conversations in a sandbox of OpenHands Cloud, which is deleted at the end.

    Args:
        key: An API key of the account that the sandbox belongs to.
        tell: Takes a line of progress, on another thread.
        rentals: Where runs record what they rent; what a killed one left is deleted first.
        address: The Cloud's URL.
        starts_within_s: How long the sandbox may take to run.
        answer_within_s: How long one answer of the Cloud may take.
    """

    def __init__(
        self,
        key: SecretStr,
        tell: Callable[[str], None],
        rentals: Rentals,
        *,
        address: str = ADDRESS,
        starts_within_s: float = _STARTS_WITHIN_S,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        super().__init__(tell)
        self._rentals = rentals
        self._starts_within_s = starts_within_s
        self._http = _way(key, address, answer_within_s)
        self._sandbox: str | None = None
        self._begin()

    def states(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        """Look at all of them; where that fails, the Cloud may know why."""
        try:
            return super().states(conversations)
        except OpenHandsError as error:
            self._tell_fate(error)
            raise

    def close(self) -> None:
        """Delete the sandbox with all that is in it."""
        self._closing.set()
        self._starter.join()  # it may be renting just now
        if self._http.is_closed:
            return
        if self._up.exception() is None:
            self._client.close()
        if self._sandbox is not None:
            _give_back(self._sandbox, self._http, self._rentals, self._tell)
        self._http.close()

    def _connect(self) -> Client:
        _give_back_left(self._http, self._rentals, self._tell)
        self._tell("renting a sandbox of OpenHands Cloud")
        sandbox = self._ask(Request("POST", _SANDBOXES, repeatable=False), Sandbox)
        self._sandbox = sandbox.id
        self._record(sandbox.id)
        began = time.monotonic()
        while (address := sandbox.agent_server) is None:
            waited_s = time.monotonic() - began
            if sandbox.status in _FATES or waited_s > self._starts_within_s:
                raise ServerStartError(
                    "The sandbox of OpenHands Cloud did not start: it is "
                    f"{sandbox.words} after {waited_s:.0f} s.",
                    hint=_FATES.get(sandbox.status, _LATER),
                )
            self._pause(_LOOK_AGAIN_S)
            with suppress(LateAnswerError):  # the next look may be in time
                sandbox = self._look_at(sandbox.id)
        return way(address, sandbox.session_api_key)

    def _tell_fate(self, error: OpenHandsError) -> None:
        """Raise what the Cloud knows about a sandbox that does not answer as it should."""
        if self._sandbox is None or self._closing.is_set():
            return
        with suppress(ServerStartError, LateAnswerError):
            sandbox = self._look_at(self._sandbox)
            if sandbox.status in _FATES:
                raise ServerLostError(
                    f"The sandbox of OpenHands Cloud does not run any more ({sandbox.words}).",
                    hint=_FATES[sandbox.status],
                ) from error

    def _look_at(self, sandbox: str) -> Sandbox:
        found = self._ask(Request("GET", _SANDBOXES, query={"id": [sandbox]}), _Sandboxes).root
        return next(filter(None, found), Sandbox(id=sandbox, status="MISSING"))

    def _ask(self, request: Request, expected: type[A]) -> A:
        """Ask the Cloud for something.

        Raises:
            LateAnswerError: It did not answer in time, and may be asked again.
            ServerStartError: It refused or cannot be reached, with what to do by the cause.
        """
        try:
            why_gone = lambda: "the run is over" if self._closing.is_set() else ""  # noqa: E731
            client = Client(self._http, why_gone, full_for_s=_FULL_FOR_S)
            return client.send(request, expected)
        except ApiError as error:
            if httpx.codes.is_success(error.status):
                raise ServerStartError(
                    f"The answer of OpenHands Cloud cannot be read: {error.detail}",
                    hint=_LATER if request.repeatable else _UNKNOWN_SANDBOX,
                ) from error
            kind = KeyRefusedError if error.status in _UNAUTHORISED else ServerStartError
            raise kind(
                f"OpenHands Cloud refused: {error.status}, {error.detail}",
                hint=_HINTS.get(error.status, _LATER),
            ) from error
        except OpenHandsError as error:
            if isinstance(error, LateAnswerError) and request.repeatable:
                raise
            trouble = error.__cause__
            never_arrived = isinstance(trouble, httpx.ConnectError | httpx.ConnectTimeout)
            raise ServerStartError(
                f"OpenHands Cloud cannot be reached at {self._http.base_url}: {trouble or error}",
                hint=_LATER if request.repeatable or never_arrived else _UNKNOWN_SANDBOX,
            ) from error

    def _record(self, sandbox: str) -> None:
        try:
            self._rentals.begin(sandbox)
        except OSError as error:
            self._tell(
                f"The sandbox could not be recorded, and no later run would delete it: {error}"
            )


def give_back(
    key: SecretStr, rentals: Rentals, tell: Callable[[str], None], *, address: str = ADDRESS
) -> None:
    """Delete what killed runs had rented, for a run that rents nothing itself.

    Args:
        key: An API key of the account that the sandboxes belong to.
        rentals: Where runs record what they rent.
        tell: Takes a line of progress.
        address: The Cloud's URL.
    """
    with _way(key, address, ANSWER_WITHIN_S) as http:
        _give_back_left(http, rentals, tell)


def _give_back_left(http: httpx.Client, rentals: Rentals, tell: Callable[[str], None]) -> None:
    for left in rentals.left():
        tell(f"deleting the sandbox {left}, left behind by a killed run")
        _give_back(left, http, rentals, tell)


def _give_back(
    sandbox: str, http: httpx.Client, rentals: Rentals, tell: Callable[[str], None]
) -> None:
    request = Request("DELETE", f"{_SANDBOXES}/{sandbox}", query={"sandbox_id": sandbox})
    try:
        Client(http).send(request, Success)
    except OpenHandsError as error:
        if not (isinstance(error, ApiError) and error.status == _NOT_FOUND):
            tell(
                f"The sandbox {sandbox} is left in your account of OpenHands Cloud: it could "
                f"not be deleted ({error.message})."
            )
            rentals.leave(sandbox)
            return
    rentals.end(sandbox)


def _way(key: SecretStr, address: str, answer_within_s: float) -> httpx.Client:
    return httpx.Client(
        base_url=address,
        headers={"Authorization": f"Bearer {key.get_secret_value()}"},
        timeout=httpx.Timeout(answer_within_s, connect=10),
    )


_LATER = "Run again later."
_UNKNOWN_SANDBOX = "There may be a sandbox in your account that this run does not know of."
_FATES = {
    "PAUSED": "The Cloud pauses the oldest sandboxes of an account that has too many: let fewer "
    "run at once.",
    "ERROR": _LATER,
    "MISSING": "Somebody else, or the Cloud itself, has deleted it.",
}

_HINTS = {
    401: "openhands-api-key has to be an API key of OpenHands Cloud (Settings, API Keys).",
    402: "The credits of the account at OpenHands Cloud are used up.",
    403: "The account may not start sandboxes: has its e-mail address been confirmed?",
    429: "The account has as many sandboxes as it may: let fewer run at once.",
}
