"""Several servers as one: jobs go where there is room, and the loss of a server is survived."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

from spec_to_production.errors import ApiError, OpenHandsError, ServerLostError, fault_of_ours
from spec_to_production.openhands.client import LateAnswerError
from spec_to_production.openhands.interface import Assignment, Failure, OpenHands, State
from spec_to_production.results import Usage

_FAULTS_TO_OPEN = 3
_OPEN_FOR_S = 10.0
_FULL_FOR_S = 30.0
_SILENT_FOR_S = 60.0
_ENDED = {"finished", "error", "stuck", "paused"}
_REFUSALS = range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)
_UNSEEN = State("unknown", Usage())


@dataclass(eq=False)
class _Member:
    """A server, and what is known of it.

    Attributes:
        ready: Done when conversations can be created.
        look: A look that is under way; a slow server has one at most.
        busy: Conversations that hold a place on it.
        unsure: Conversations that may have begun there: the answer to their creation was late.
        abandoned: Conversations that were given up while it did not answer.
        room: How many it turned out to take, until ``room_until``.
        faults: Failed creations, one after another; enough of them open the circuit.
        closed_until: Nothing is sent before that time.
        trouble: What it failed with when it was closed.
        silent_since: When it stopped answering looks.
    """

    server: OpenHands
    ready: Future[None]
    look: Future[Mapping[UUID, State | None]] | None = None
    busy: set[UUID] = field(default_factory=set)
    unsure: set[UUID] = field(default_factory=set)
    abandoned: set[UUID] = field(default_factory=set)
    room: int = 0
    room_until: float = float("-inf")
    faults: int = 0
    closed_until: float = float("-inf")
    trouble: OpenHandsError | None = None
    silent_since: float | None = None

    def is_up(self, now: float) -> bool:
        """Whether something may be sent to it."""
        return self.ready.done() and self.ready.exception() is None and now >= self.closed_until

    @property
    def why_not(self) -> BaseException | None:
        """What it failed with, if it did."""
        return self.trouble or (self.ready.exception() if self.ready.done() else None)

    def close(self, now: float, trouble: OpenHandsError) -> None:
        """Send nothing more for a while, because of this."""
        self.closed_until, self.trouble = now + _OPEN_FOR_S, trouble

    def is_full(self, now: float) -> bool:
        """Whether it is known to take no more."""
        return now < self.room_until and len(self.busy) >= self.room


class Fleet:
    """Implements :class:`.interface.OpenHands` over servers.

    Args:
        servers: Those to begin with.
        spare: Starts one more when none of them is up any more; asked once.
        patience_s: How long a server may be silent before its conversations count as lost; 0 for
            one that is known to be gone when it cannot be reached.
        look_within_s: How long one look waits for servers that are slow to answer.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        servers: Sequence[OpenHands],
        *,
        spare: Callable[[], OpenHands] | None = None,
        patience_s: float = 60,
        look_within_s: float = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spare = spare
        self._patience_s = patience_s
        self._look_within_s = look_within_s
        self._clock = clock
        self._lock = threading.RLock()
        self._is_closed = False
        self._pool = ThreadPoolExecutor(3 * len(servers) + 3, thread_name_prefix="fleet")
        self._members = [self._member(server) for server in servers]
        self._places: dict[UUID, _Member] = {}

    @property
    def version(self) -> str:
        """The version of the first server that is ready."""
        self.wait_until_ready()
        ready = (m for m in self._members if m.ready.done() and m.ready.exception() is None)
        return next(ready).server.version

    def wait_until_ready(self) -> None:
        """Block until one server is ready; when none gets so, raise why the first did not."""
        waiting = {member.ready for member in self._members}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            if any(future.exception() is None for future in done):
                return
        self._members[0].ready.result()

    def create(self, assignment: Assignment, base: Path) -> None:
        """Start a conversation on the server with the fewest; the next one when that fails.

        A late answer is raised: elsewhere it would run twice. Asked for again, it is created where
        it may have begun, as long as that server is up.
        """
        error: OpenHandsError | None = None
        for member in self._candidates(assignment.conversation_id):
            try:
                self._create_on(member, assignment, base)
            except OpenHandsError as failure:
                error = failure
                if isinstance(failure, LateAnswerError) or not _is_of_the_server(failure):
                    raise
            else:
                return
        raise error or self._why_none_is_left()

    def attach(self, conversation: UUID, base: Path) -> bool:
        """Take up a conversation on the server that has it; all are asked.

        When none says so, it is given up on those that did not answer: they may have it.
        """
        wait([member.ready for member in self._members])
        silent = set(self._members)
        for member in self._up():
            with contextlib.suppress(OpenHandsError):
                is_there = member.server.attach(conversation, base)
                silent.discard(member)
                if is_there:
                    with self._lock:
                        member.busy.add(conversation)
                        self._places[conversation] = member
                    return True
        with self._lock:
            for member in silent:
                member.abandoned.add(conversation)
        return False

    def states(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        """One look at every server, side by side; a slow one says nothing and delays no other.

        A look that was late once is not waited for again.
        """
        asked: dict[_Member, list[UUID]] = {}
        for conversation in conversations:
            if member := self._places.get(conversation):
                asked.setdefault(member, []).append(conversation)
        looks = []
        for member, ids in asked.items():
            if member.look is None:
                member.look = self._pool.submit(member.server.states, ids)
                looks.append(member.look)
        wait(looks, self._look_within_s)
        found: dict[UUID, State | None] = dict.fromkeys(conversations)
        for member, ids in asked.items():
            found |= self._seen(member, ids)
        return found

    def say(self, conversation: UUID, text: str) -> None:
        """Send a further message; the conversation takes its place again."""
        member = self._place(conversation)
        member.server.say(conversation, text)
        with self._lock:
            member.busy.add(conversation)

    def interrupt(self, conversation: UUID) -> None:
        """Stop at once."""
        self._place(conversation).server.interrupt(conversation)

    def failure(self, conversation: UUID) -> Failure:
        """Why it failed."""
        return self._place(conversation).server.failure(conversation)

    def patch(self, conversation: UUID) -> str:
        """Everything that changed against the base."""
        return self._place(conversation).server.patch(conversation)

    def trajectory(self, conversation: UUID) -> str:
        """Ask the server that has the conversation."""
        return self._place(conversation).server.trajectory(conversation)

    def delete(self, conversation: UUID) -> None:
        """Forget the conversation, and free its place; where nothing answers, once that does."""
        if member := self._places.pop(conversation, None):
            with self._lock:
                member.busy.discard(conversation)
                member.unsure.discard(conversation)
                if conversation in member.abandoned:
                    return
            member.server.delete(conversation)

    def close(self) -> None:
        """Close every server, and start no other; may be called twice."""
        with self._lock:
            self._is_closed = True
        threads = [threading.Thread(target=member.server.close) for member in self._members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _member(self, server: OpenHands) -> _Member:
        return _Member(server, self._pool.submit(server.wait_until_ready))

    def _candidates(self, conversation: UUID) -> list[_Member]:
        """The servers to try, best first.

        Raises:
            ApiError: With status 429, when those that are up are known to be full.
            ServerLostError: The run is over.
        """
        self._require_open()
        up = self._up()
        if not up:
            self._start_spare()
            wait([member.ready for member in self._members])
            up = self._up()
        with self._lock:
            if home := [member for member in up if conversation in member.unsure]:
                return home
            now = self._clock()
            free = [member for member in up if not member.is_full(now)]
            if up and not free:
                raise ApiError("Every agent server is full.", status=HTTPStatus.TOO_MANY_REQUESTS)
            return sorted(free, key=lambda member: len(member.busy))

    def _why_none_is_left(self) -> ServerLostError:
        troubles = (member.why_not for member in reversed(self._members))
        last = next(filter(None, troubles), "they failed every time")
        return ServerLostError(f"No agent server is left that takes jobs: {last}")

    def _start_spare(self) -> None:
        with self._lock:
            self._require_open()
            if self._spare is not None:
                start, self._spare = self._spare, None
                self._members.append(self._member(start()))

    def _require_open(self) -> None:
        if self._is_closed:
            raise ServerLostError("No agent server takes jobs any more: the run is over.")

    def _up(self) -> list[_Member]:
        now = self._clock()
        return [member for member in self._members if member.is_up(now)]

    def _create_on(self, member: _Member, assignment: Assignment, base: Path) -> None:
        conversation = assignment.conversation_id
        with self._lock:
            member.busy.add(conversation)
            self._places[conversation] = member
            for other in self._members:
                if other is not member and conversation in other.unsure:
                    other.unsure.discard(conversation)
                    other.abandoned.add(conversation)
        try:
            member.server.create(assignment, base)
        except OpenHandsError as error:
            with self._lock:
                member.busy.discard(conversation)
                self._learn_from(member, error, conversation)
            raise
        with self._lock:
            member.faults, member.silent_since = 0, None
            member.unsure.discard(conversation)
            abandoned, member.abandoned = member.abandoned - {conversation}, set()
        for each in abandoned:
            self._pool.submit(_delete_quietly, member.server, each)

    def _learn_from(self, member: _Member, error: OpenHandsError, conversation: UUID) -> None:
        now = self._clock()
        if isinstance(error, ApiError) and error.status == HTTPStatus.TOO_MANY_REQUESTS:
            member.room, member.room_until = len(member.busy), now + _FULL_FOR_S
        elif _is_of_the_server(error):
            given_up = member.unsure if isinstance(error, LateAnswerError) else member.abandoned
            given_up.add(conversation)
            member.faults += 1
            if member.faults >= _FAULTS_TO_OPEN or isinstance(error, ServerLostError):
                member.close(now, error)

    def _seen(self, member: _Member, ids: Sequence[UUID]) -> Mapping[UUID, State | None]:
        if member.look is None or not member.look.done():
            return dict.fromkeys(ids, _UNSEEN)
        look, member.look = member.look, None
        try:
            states = look.result()
        except OpenHandsError as error:
            return self._silent(member, ids, error)
        except Exception as error:  # noqa: BLE001 - nothing of it is known of the other servers
            return self._silent(member, ids, OpenHandsError(fault_of_ours(error).message))
        with self._lock:
            member.silent_since = None
            member.busy -= {each for each, s in states.items() if s is None or s.status in _ENDED}
        return {each: states.get(each, _UNSEEN) for each in ids}

    def _silent(
        self, member: _Member, ids: Sequence[UUID], error: OpenHandsError
    ) -> Mapping[UUID, State | None]:
        now = self._clock()
        member.silent_since = now if member.silent_since is None else member.silent_since
        patience = self._patience_s if isinstance(error, ServerLostError) else _SILENT_FOR_S
        if now - member.silent_since < patience:
            return dict.fromkeys(ids, _UNSEEN)
        with self._lock:
            member.close(now, error)
            member.abandoned |= set(ids)
            member.busy -= set(ids)
        return dict.fromkeys(ids)

    def _place(self, conversation: UUID) -> _Member:
        member = self._places.get(conversation)
        if member is None:
            raise OpenHandsError(f"Conversation {conversation} was not created here.")
        return member


def _is_of_the_server(error: OpenHandsError) -> bool:
    """Whether another server may do better: this one is lost, late, broken, full or elsewhere."""
    if not isinstance(error, ApiError):
        return True
    is_full = error.status == HTTPStatus.TOO_MANY_REQUESTS
    return is_full or error.status not in _REFUSALS


def _delete_quietly(server: OpenHands, conversation: UUID) -> None:
    with contextlib.suppress(OpenHandsError):  # closing the server tries once more
        server.delete(conversation)
