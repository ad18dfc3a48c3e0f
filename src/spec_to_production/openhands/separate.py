"""An agent server of its own for every conversation, so that no job can reach another's."""

from __future__ import annotations

import os
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

from spec_to_production.disk import remove
from spec_to_production.errors import (
    ApiError,
    OpenHandsError,
    ServerLostError,
    ServerStartError,
    fault_of_ours,
)
from spec_to_production.openhands.embedded import EmbeddedServer, server_environment
from spec_to_production.openhands.installation import Installer
from spec_to_production.openhands.interface import Assignment, Failure, State
from spec_to_production.openhands.launch import (
    Environment,
    Image,
    Zygote,
    end,
    last_words,
    starting,
)
from spec_to_production.openhands.users import User
from spec_to_production.openhands.zygote import READY
from spec_to_production.results import Usage

_MOST_LOOKS = 64
_LOOK_WITHIN_S = 1.0
_LOOK_AGAIN_S = 0.05
_LOADED_WITHIN_S = 120
_LOG_LINES = 15
_UNSEEN = State("unknown", Usage())

Tell = Callable[[str], None]


class SeparateServers:
    """Implements :class:`.interface.OpenHands`, as root: every server has a user of its own.

    Args:
        folder: A new folder, in which every conversation gets one. Its parents must be open for
            other users to pass through.
        find: As for :class:`.EmbeddedServer`.
        tell: Takes a line of progress, on another thread.
    """

    def __init__(
        self,
        folder: Path,
        find: Callable[[threading.Event], Environment | Image],
        tell: Tell = lambda _: None,
    ) -> None:
        self._folder = folder
        self._log = folder / "zygote.log"
        self._tell = tell
        self._find = find
        self._users: dict[EmbeddedServer, User] = {}
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._servers: dict[UUID, EmbeddedServer] = {}
        self._first_is_taken = False
        self._looks: dict[UUID, Future[State | None]] = {}
        self._pool = ThreadPoolExecutor(_MOST_LOOKS, thread_name_prefix="look")
        self._up: Future[tuple[Zygote | Image, EmbeddedServer]] = Future()
        self._starter = threading.Thread(target=self._come_up, name="zygote", daemon=True)
        self._starter.start()

    @classmethod
    def start(
        cls, folder: Path, cache: Path, tell: Tell, env: Mapping[str, str] = os.environ
    ) -> SeparateServers:
        """Start in the background, as :meth:`.EmbeddedServer.start` does."""
        return cls(folder, Installer(cache, tell, env=env).find, tell)

    @property
    def version(self) -> str:
        """The agent servers' version."""
        return self._up.result()[1].version

    def wait_until_ready(self) -> None:
        """Block until servers can be started, or raise why they never can."""
        self._up.result()

    def create(self, assignment: Assignment, base: Path) -> None:
        """Start a server for the conversation, and the conversation on it."""
        conversation = assignment.conversation_id
        with self._lock:
            self._require_open()
            is_new = conversation not in self._servers
            server = self._servers.get(conversation) or self._take()
            self._servers[conversation] = server
        try:
            server.wait_until_ready()
            server.create(assignment, base)
        except OpenHandsError:
            if is_new:
                self.delete(conversation)
            raise

    def attach(self, conversation: UUID, base: Path) -> bool:
        """Whether the conversation was created here: no server outlives its run."""
        return conversation in self._servers and self._servers[conversation].attach(
            conversation, base
        )

    def states(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        """Look at all servers side by side; one that is slow or broken says nothing.

        A look that was late once is not waited for again.
        """
        known = [each for each in conversations if each in self._servers]
        looks = {each: self._pool.submit(self._look, each) for each in {*known} - {*self._looks}}
        wait(looks.values(), _LOOK_WITHIN_S)
        self._looks |= looks
        found: dict[UUID, State | None] = dict.fromkeys(conversations)
        for each in known:
            is_done = self._looks[each].done()
            found[each] = self._looks.pop(each).result() if is_done else _UNSEEN
        return found

    def say(self, conversation: UUID, text: str) -> None:
        """Send a further message and let the agent go on."""
        self._server(conversation).say(conversation, text)

    def interrupt(self, conversation: UUID) -> None:
        """Stop at once."""
        self._server(conversation).interrupt(conversation)

    def failure(self, conversation: UUID) -> Failure:
        """Why it failed."""
        return self._server(conversation).failure(conversation)

    def patch(self, conversation: UUID) -> str:
        """Everything that changed against the base."""
        return self._server(conversation).patch(conversation)

    def trajectory(self, conversation: UUID) -> str:
        """Every step of the agent."""
        return self._server(conversation).trajectory(conversation)

    def delete(self, conversation: UUID) -> None:
        """Kill the conversation's server, and remove all that it had."""
        with self._lock:
            server = self._servers.pop(conversation, None)
        if server is not None:
            server.close()
            remove(server.folder)
            self._users.pop(server).give_back()

    def close(self) -> None:
        """Kill everything and leave nothing but the log."""
        self._closing.set()
        self._end()  # whoever waits for a server of its gets told
        self._starter.join()
        if self._up.exception() is None and not self._first_is_taken:
            self._up.result()[1].close()
        with self._lock:
            left = [*self._servers]
        for conversation in left:
            self.delete(conversation)
        for user in self._users.values():
            user.give_back()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _require_open(self) -> None:
        if self._closing.is_set():
            raise ServerLostError("No agent server is started any more: the run is over.")

    def _take(self) -> EmbeddedServer:
        """A server that no conversation had: the first one is ready, others get so."""
        origin, first = self._up.result()
        if self._process is not None and self._process.poll() is not None:
            raise ServerLostError(
                "The process that starts agent servers is gone. Its last words: "
                + last_words(self._log)
            )
        if self._first_is_taken:
            return self._start(origin)
        self._first_is_taken = True
        return first

    def _start(self, origin: Zygote | Image, tell: Tell = lambda _: None) -> EmbeddedServer:
        with starting():
            user = User.take()
        # A short name: the path of tmux's socket in it may have 107 bytes.
        folder = self._folder / str(user.uid)
        server = EmbeddedServer(folder, lambda _: origin, tell, user.uid)
        self._users[server] = user
        return server

    def _server(self, conversation: UUID) -> EmbeddedServer:
        if (server := self._servers.get(conversation)) is None:
            raise ApiError(
                f"404: {conversation} was not created here.", status=HTTPStatus.NOT_FOUND
            )
        return server

    def _look(self, conversation: UUID) -> State | None:
        try:
            return self._server(conversation).states([conversation])[conversation]
        except ServerLostError:
            return None
        except OpenHandsError as error:
            gone = isinstance(error, ApiError) and error.status == HTTPStatus.NOT_FOUND
            return None if gone else _UNSEEN
        except Exception as error:  # noqa: BLE001 - nothing of it is known of the other servers
            self._tell(f"a look at a job failed: {fault_of_ours(error).message}")
            return _UNSEEN

    def _come_up(self) -> None:
        try:
            with starting():
                origin = self._origin()
            first = self._start(origin, self._tell)
            first.wait_until_ready()
            self._up.set_result((origin, first))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._end()
            self._up.set_exception(error)

    def _origin(self) -> Zygote | Image:
        """What the servers are started from."""
        installed = self._find(self._closing)
        self._folder.mkdir()
        self._folder.chmod(0o711)
        if isinstance(installed, Image):
            return installed
        command = installed.zygote(
            self._folder, server_environment(self._folder, secrets.token_urlsafe())
        )
        self._process = command.start(self._log)
        deadline = time.monotonic() + _LOADED_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            self._require_open()
            if READY in self._log.read_text("utf-8", "replace"):
                return Zygote(self._folder)
            self._closing.wait(_LOOK_AGAIN_S)
        raise ServerStartError(
            "The agent server could not be loaded. Its last words:\n"
            + last_words(self._log, _LOG_LINES)
        )

    def _end(self) -> None:
        if self._process is not None:
            end(self._process)
