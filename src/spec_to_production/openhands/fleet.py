"""Several servers as one: jobs go where there is room, and the loss of a server is survived."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from spec_to_production.errors import ApiError, OpenHandsError, ServerLostError
from spec_to_production.openhands.interface import Assignment, Failure, OpenHands, State
from spec_to_production.results import Usage

_FAULTS_TO_OPEN = 3
_OPEN_FOR_S = 10.0
_FULL_FOR_S = 30.0
_SILENT_FOR_S = 60.0
_FULL = 429
_BROKEN = 500
_ENDED = {"finished", "error", "stuck", "paused"}
_UNSEEN = State("unknown", Usage())


@dataclass(eq=False)
class _Berth:
    """A server, and what is known of it.

    Attributes:
        ready: Done when conversations can be created.
        look: A look that is under way; a slow server has one at most.
        busy: Conversations that hold a place on it.
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
        self._pool = ThreadPoolExecutor(3 * len(servers) + 3, thread_name_prefix="fleet")
        self._berths = [self._berth(server) for server in servers]
        self._places: dict[UUID, _Berth] = {}

    @property
    def version(self) -> str:
        """The version of the first server that is ready."""
        self.wait_until_ready()
        ready = (b for b in self._berths if b.ready.done() and b.ready.exception() is None)
        return next(ready).server.version

    def wait_until_ready(self) -> None:
        """Block until one server is ready; when none gets so, raise why the first did not."""
        waiting = {berth.ready for berth in self._berths}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            if any(future.exception() is None for future in done):
                return
        self._berths[0].ready.result()

    def create(self, assignment: Assignment, base: Path) -> None:
        """Start a conversation on the server with the fewest; the next one when that fails."""
        error: OpenHandsError | None = None
        for berth in self._candidates():
            try:
                self._create_on(berth, assignment, base)
            except OpenHandsError as failure:
                error = failure
                if not _is_of_the_server(failure):
                    raise
            else:
                return
        raise error or self._why_none_is_left()

    def attach(self, conversation: UUID, base: Path) -> bool:
        """Take up a conversation on the server that has it; all are asked."""
        wait([berth.ready for berth in self._berths])
        for berth in self._up():
            with contextlib.suppress(OpenHandsError):  # one that does not answer has nothing now
                if berth.server.attach(conversation, base):
                    with self._lock:
                        berth.busy.add(conversation)
                        self._places[conversation] = berth
                    return True
        return False

    def states(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        """One look at every server, side by side; a slow one says nothing and delays no other."""
        asked: dict[_Berth, list[UUID]] = {}
        for conversation in conversations:
            if berth := self._places.get(conversation):
                asked.setdefault(berth, []).append(conversation)
        for berth, ids in asked.items():
            berth.look = berth.look or self._pool.submit(berth.server.states, ids)
        wait([berth.look for berth in asked if berth.look], self._look_within_s)
        found: dict[UUID, State | None] = dict.fromkeys(conversations)
        for berth, ids in asked.items():
            found |= self._seen(berth, ids)
        return found

    def say(self, conversation: UUID, text: str) -> None:
        """Send a further message; the conversation takes its place again."""
        berth = self._place(conversation)
        berth.server.say(conversation, text)
        with self._lock:
            berth.busy.add(conversation)

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
        if berth := self._places.pop(conversation, None):
            with self._lock:
                berth.busy.discard(conversation)
                if conversation in berth.abandoned:
                    return
            berth.server.delete(conversation)

    def close(self) -> None:
        """Close every server; may be called twice."""
        threads = [threading.Thread(target=berth.server.close) for berth in self._berths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _berth(self, server: OpenHands) -> _Berth:
        return _Berth(server, self._pool.submit(server.wait_until_ready))

    def _candidates(self) -> list[_Berth]:
        """The servers to try, best first.

        Raises:
            ApiError: With status 429, when those that are up are known to be full.
        """
        up = self._up()
        if not up:
            self._start_spare()
            wait([berth.ready for berth in self._berths])
            up = self._up()
        with self._lock:
            now = self._clock()
            free = [berth for berth in up if not berth.is_full(now)]
            if up and not free:
                raise ApiError("Every agent server is full.", status=_FULL)
            return sorted(free, key=lambda berth: len(berth.busy))

    def _why_none_is_left(self) -> ServerLostError:
        troubles = (berth.why_not for berth in reversed(self._berths))
        last = next(filter(None, troubles), "they failed every time")
        return ServerLostError(f"No agent server is left that takes jobs: {last}")

    def _start_spare(self) -> None:
        with self._lock:
            if self._spare is not None:
                start, self._spare = self._spare, None
                self._berths.append(self._berth(start()))

    def _up(self) -> list[_Berth]:
        now = self._clock()
        return [berth for berth in self._berths if berth.is_up(now)]

    def _create_on(self, berth: _Berth, assignment: Assignment, base: Path) -> None:
        conversation = assignment.conversation_id
        with self._lock:
            berth.busy.add(conversation)
            self._places[conversation] = berth
        try:
            berth.server.create(assignment, base)
        except OpenHandsError as error:
            with self._lock:
                berth.busy.discard(conversation)
                self._learn_from(berth, error, conversation)
            raise
        with self._lock:
            berth.faults, berth.silent_since = 0, None
            abandoned, berth.abandoned = berth.abandoned - {conversation}, set()
        for each in abandoned:
            self._pool.submit(_delete_quietly, berth.server, each)

    def _learn_from(self, berth: _Berth, error: OpenHandsError, conversation: UUID) -> None:
        now = self._clock()
        if isinstance(error, ApiError) and error.status == _FULL:
            berth.room, berth.room_until = len(berth.busy), now + _FULL_FOR_S
        elif _is_of_the_server(error):
            berth.abandoned.add(conversation)
            berth.faults += 1
            if berth.faults >= _FAULTS_TO_OPEN or isinstance(error, ServerLostError):
                berth.close(now, error)

    def _seen(self, berth: _Berth, ids: Sequence[UUID]) -> Mapping[UUID, State | None]:
        if berth.look is None or not berth.look.done():
            return dict.fromkeys(ids, _UNSEEN)
        look, berth.look = berth.look, None
        try:
            states = look.result()
        except OpenHandsError as error:
            return self._silent(berth, ids, error)
        with self._lock:
            berth.silent_since = None
            berth.busy -= {each for each, s in states.items() if s is None or s.status in _ENDED}
        return {each: states.get(each, _UNSEEN) for each in ids}

    def _silent(
        self, berth: _Berth, ids: Sequence[UUID], error: OpenHandsError
    ) -> Mapping[UUID, State | None]:
        now = self._clock()
        berth.silent_since = now if berth.silent_since is None else berth.silent_since
        patience = self._patience_s if isinstance(error, ServerLostError) else _SILENT_FOR_S
        if now - berth.silent_since < patience:
            return dict.fromkeys(ids, _UNSEEN)
        with self._lock:
            berth.close(now, error)
            berth.abandoned |= set(ids)
            berth.busy -= set(ids)
        return dict.fromkeys(ids)

    def _place(self, conversation: UUID) -> _Berth:
        berth = self._places.get(conversation)
        if berth is None:
            raise OpenHandsError(f"Conversation {conversation} was not created here.")
        return berth


def _is_of_the_server(error: OpenHandsError) -> bool:
    """Whether another server may do better: this one is lost, late, broken or full."""
    return not isinstance(error, ApiError) or error.status == _FULL or error.status >= _BROKEN


def _delete_quietly(server: OpenHands, conversation: UUID) -> None:
    with contextlib.suppress(OpenHandsError):  # closing the server tries once more
        server.delete(conversation)
