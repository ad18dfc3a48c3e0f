"""Conversations on one agent server: the same wherever it runs, but for how files travel."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

from spec_to_production.errors import (
    ApiError,
    OpenHandsError,
    ServerLostError,
    ServerStartError,
)
from spec_to_production.openhands import protocol, versions
from spec_to_production.openhands.client import Client
from spec_to_production.openhands.interface import Assignment, Failure, State
from spec_to_production.openhands.models import (
    Conversation,
    Conversations,
    Events,
    RawEvents,
    ServerInfo,
    Success,
)
from spec_to_production.results import Usage

_DELIVERIES = 3
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)  # 1.34 says the second
_REFUSALS = range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)
_LOOK_AGAIN_S = 0.1
_MOST_OF_A_TRAJECTORY = 4_000_000  # characters
_CUT = json.dumps({"kind": "Cut", "detail": "There was more than is kept of a conversation."})


class AgentServer(ABC):
    """What every agent server has in common.

    A place adds how a server is reached, how a conversation gets its own copy of the code, and
    how the changes come back. Once it knows all that it needs, it calls :meth:`_begin`.

    Args:
        tell: Takes a line of progress, on another thread.
    """

    def __init__(self, tell: Callable[[str], None] = lambda _: None) -> None:
        self._tell = tell
        self._bases: dict[UUID, Path] = {}
        self._delivered: dict[UUID, str] = {}
        self._closing = threading.Event()
        self._up: Future[tuple[Client, str]] = Future()
        self._starter = threading.Thread(target=self._come_up, name="agent-server", daemon=True)

    @property
    def version(self) -> str:
        """The agent server's version."""
        return self._up.result()[1]

    def wait_until_ready(self) -> None:
        """Block until conversations can be created, or raise why they never can."""
        self._up.result()

    @property
    def _client(self) -> Client:
        return self._up.result()[0]

    def _begin(self) -> None:
        """Get ready, in the background."""
        self._starter.start()

    def _come_up(self) -> None:
        try:
            client, version = self._launch()
            self._tell("the agent server is ready")
            self._up.set_result((client, version))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._up.set_exception(error)

    def _await_ready(
        self,
        client: Client,
        within_s: float,
        *,
        hint: str = "",
        tell: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Wait until conversations can be created; gives the server's version.

        Args:
            client: The way to the server.
            within_s: Seconds that it may take.
            hint: What the reader can do should it not get ready, if the server says nothing.
            tell: Told what is waited for, each time that this changes.

        Raises:
            ServerStartError: It did not get ready in time, or it is too old.
        """
        deadline, trouble = time.monotonic() + within_s, ""
        while True:
            try:
                client.ask_once(protocol.ready(), Success)
            except OpenHandsError as error:
                if time.monotonic() > deadline:
                    raise ServerStartError(
                        f"The agent server was not ready within {within_s:g} s. {error.message}",
                        hint=error.hint or hint,
                    ) from error
                if error.message != trouble:
                    trouble = error.message
                    tell(f"waiting up to {within_s:g} s: {trouble}")
                self._pause(_LOOK_AGAIN_S)
            else:
                break
        version = client.send(protocol.server_info(), ServerInfo).version
        versions.check(version, self._tell)
        return version

    def _pause(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise ServerLostError("The run ended before the agent server was ready.")

    @abstractmethod
    def _launch(self) -> tuple[Client, str]:
        """Reach the server and wait until it is ready; gives the connection and its version."""

    @abstractmethod
    def _provide(self, conversation: UUID, base: Path) -> str:
        """Make the conversation's copy of ``base``; gives its path as the agent sees it."""

    @abstractmethod
    def _changes(self, conversation: UUID, base: Path) -> str:
        """What the conversation's copy changed against ``base``, as a git patch."""

    @abstractmethod
    def _discard(self, conversation: UUID) -> None:
        """Remove the conversation's copy, if there is one."""

    def create(self, assignment: Assignment, base: Path) -> None:
        """Start a conversation in its own copy; see :class:`.interface.OpenHands`."""
        self._require_open()
        self._client.require_life()  # otherwise the code would be copied for nothing
        conversation = assignment.conversation_id
        is_new = conversation not in self._bases
        self._bases[conversation] = base
        try:
            request = protocol.create(assignment, self._provide(conversation, base))
            self._require_open()
            self._client.send(request, Conversation, wait_for_room=False)
        except ApiError as error:
            if is_new and error.status in _REFUSALS:  # after others it may have begun
                with suppress(OpenHandsError):  # what is left then goes at the end
                    self._discard(conversation)
                    del self._bases[conversation]
            raise

    def attach(self, conversation: UUID, base: Path) -> bool:
        """Take up a conversation that is here already; ``False`` when it is not.

        Where that cannot be told, it is deleted at the end.
        """
        self._bases[conversation] = base
        if self.states([conversation])[conversation] is None:
            del self._bases[conversation]
            return False
        return True

    def states(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        """Look at all of them, with a request for each :data:`.protocol.MOST_IDS`."""
        states: dict[UUID, State | None] = {}
        for start in range(0, len(conversations), protocol.MOST_IDS):
            states |= self._look(conversations[start : start + protocol.MOST_IDS])
        return states

    def say(self, conversation: UUID, text: str) -> None:
        """Add a message, then let the agent go on; said again after a refusal, it is added once."""
        if self._delivered.get(conversation) != text:
            self._deliver(conversation, text)
            self._delivered[conversation] = text
        try:
            self._client.send(protocol.run(conversation), Success, wait_for_room=False)
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:  # it runs already
                raise
        self._delivered.pop(conversation, None)

    def interrupt(self, conversation: UUID) -> None:
        """Stop at once."""
        self._client.send(protocol.interrupt(conversation), Success)

    def failure(self, conversation: UUID) -> Failure:
        """Why it ended in ``error`` or ``stuck``."""
        state = self.states([conversation])[conversation]
        if state is not None and state.status == "stuck":
            return Failure("stuck", "The agent repeated the same step without getting further.")
        events = self._client.send(protocol.newest_events(conversation), Events)
        return protocol.why_failed(events.items)

    def patch(self, conversation: UUID) -> str:
        """Everything that changed against the base."""
        if (base := self._bases.get(conversation)) is None:
            raise OpenHandsError(f"Conversation {conversation} was not created here.")
        return self._changes(conversation, base)

    def trajectory(self, conversation: UUID) -> str:
        """Read all events, page by page; see :class:`.interface.OpenHands`."""
        lines: list[str] = []
        page, left = None, _MOST_OF_A_TRAJECTORY
        while True:
            found = self._client.send(protocol.events(conversation, page), RawEvents)
            for event in found.items:
                line = json.dumps(event, ensure_ascii=False)
                left -= len(line)
                if left < 0:
                    return "\n".join([*lines, _CUT, ""])
                lines.append(line)
            page = found.next_page_id
            if page is None:
                return "\n".join([*lines, ""])

    def delete(self, conversation: UUID) -> None:
        """Forget the conversation and remove its copy; one that is gone already is fine."""
        try:
            for request in (protocol.interrupt(conversation), protocol.delete(conversation)):
                self._send_unless_gone(request)
        finally:
            self._discard(conversation)
        self._bases.pop(conversation, None)

    def _require_open(self) -> None:
        if self._closing.is_set():
            raise ServerLostError("No job is begun any more: the run is over.")

    def _send_unless_gone(self, request: protocol.Request) -> None:
        try:
            self._client.send(request, Success)
        except ApiError as error:
            if error.status not in _GONE:
                raise

    def _deliver(self, conversation: UUID, text: str) -> None:
        """Add a message once. The server keeps each that arrives, also when its answer is lost."""
        for left in reversed(range(_DELIVERIES)):
            try:
                message = protocol.message(conversation, text)
                self._client.send(message, Success, wait_for_room=False)
            except OpenHandsError as error:
                refused = isinstance(error, ApiError) and error.status in _REFUSALS
                if refused or not left:
                    raise
            else:
                return
            events = self._client.send(protocol.newest_events(conversation), Events)
            if protocol.was_said(events.items, text):
                return

    def _look(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        answer = self._client.send(protocol.look(conversations), Conversations)
        found = {each.id: each for each in answer.root if each is not None}
        return {each: _state(found.get(each)) for each in conversations}


def _state(found: Conversation | None) -> State | None:
    if found is None:
        return None
    return State(found.execution_status, found.stats.usage if found.stats else Usage())
