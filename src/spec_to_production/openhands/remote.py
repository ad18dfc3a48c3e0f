"""Agent servers on other machines: no disk is shared, so that files travel through their API."""

from __future__ import annotations

import io
import shlex
import tarfile
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import httpx
from pydantic import SecretStr

from spec_to_production.errors import ApiError, OpenHandsError, ServerLostError
from spec_to_production.openhands import copies, protocol
from spec_to_production.openhands.agent_server import AgentServer
from spec_to_production.openhands.client import Client
from spec_to_production.openhands.interface import Assignment, State
from spec_to_production.openhands.models import CommandResult, Events, ServerInfo, Success

# A copy's place follows from the conversation alone, so that a later run finds it.
_COPIES = "/tmp/spec-to-production"  # noqa: S108 - not on this machine
# Each attempt has an archive of its own: when its answer is lost, the first may still be writing.
# GNU tar ends with 1 when a file changed or went while it was read; with more, it has failed.
_PACK = (
    "archive=$(mktemp {copy}.packed.XXXXXXXX)"
    ' && {{ tar -czf "$archive" --exclude=.git -C {copy} . || [ $? -eq 1 ]; }}'
    ' && sha256sum "$archive"'
)
_READY_WITHIN_S = 60
_COMMAND_S = 60
ANSWER_WITHIN_S = _COMMAND_S + 60
"""How long one answer may take, in seconds."""

_MOST_ARCHIVE_KIB = 256 << 10
_ASK_AGAIN_S = 15
_CLOCKS_DIFFER_S = 5
# GitHub's runner kills a run that was cancelled after 10 s.
_CLOSED_WITHIN_S = 8
_BEGUN_WITHIN_S = 4
_DELETED_AT_ONCE = 16


class DistantServer(AgentServer):
    """Conversations on a server that shares no disk with us, and that may be started again."""

    _hint = ""
    """What the reader can do should it not get ready."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(tell)
        self._began = float("inf")
        self._asked = float("-inf")
        self._asleep: set[UUID] = set()
        self._provided: set[UUID] = set()

    def attach(self, conversation: UUID, base: Path) -> bool:
        """Take up a conversation that is here already; ``False`` when it is not."""
        self._asleep.add(conversation)
        self._asked = float("-inf")
        return super().attach(conversation, base)

    def states(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        """Look at all of them; after a restart none is said to run that does not."""
        if time.monotonic() - self._asked > _ASK_AGAIN_S:
            with suppress(OpenHandsError):  # the look itself tells what is wrong
                if self._was_restarted():
                    self._asleep |= set(self._bases)
                for conversation in self._asleep & set(conversations):
                    self._wake(conversation)
        return super().states(conversations)

    @abstractmethod
    def _connect(self) -> Client:
        """The way to the server; it need not be ready yet."""

    def _was_restarted(self) -> bool:
        uptime = self._client.ask_once(protocol.server_info(), ServerInfo).uptime
        self._asked = now = time.monotonic()
        before, self._began = self._began, now - uptime
        return self._began > before + _CLOCKS_DIFFER_S

    def _wake(self, conversation: UUID) -> None:
        """Have the server read a conversation: before, it shows as running what a restart ended.

        It refuses (404) while the one that was killed still holds it, for 45 s
        (``conversation_lease.py`` of 1.58.0).
        """
        with suppress(ApiError):
            self._client.send(protocol.newest_events(conversation), Events)
            self._asleep.discard(conversation)

    def _launch(self) -> tuple[Client, str]:
        client = self._connect()
        try:
            return client, self._await_ready(
                client, _READY_WITHIN_S, hint=self._hint, tell=self._tell
            )
        except BaseException:
            client.close()
            raise

    def _provide(self, conversation: UUID, base: Path) -> str:
        copy = self._copy(conversation)
        if conversation not in self._provided:
            archive = _archive(copy)
            self._client.send(protocol.upload(archive, _pack(base)), Success)
            self._execute("mkdir", "-p", copy)
            self._execute("tar", "-xf", archive, "--no-same-owner", "-C", copy)
            self._execute("rm", "-f", archive)
            self._provided.add(conversation)
        return copy

    def _changes(self, conversation: UUID, base: Path) -> str:
        copy = self._copy(conversation)
        try:
            # Files that did not arrive would be told as deleted.
            digest, _, archive = self._shell("tar", _PACK.format(copy=copy)).strip().partition("  ")
            content = self._client.fetch(protocol.download(archive), digest)
        finally:
            with suppress(OpenHandsError):  # otherwise they go together with the copy
                self._shell("rm", f"rm -f {copy}.packed.*")
        return copies.changes(base, copies.in_archive(io.BytesIO(content)))

    def _discard(self, conversation: UUID) -> None:
        copy = self._copy(conversation)
        self._provided.discard(conversation)
        self._shell("rm", f"rm -rf {copy} {_archive(copy)} {copy}.packed.*")

    def _copy(self, conversation: UUID) -> str:
        return f"{_COPIES}/{conversation.hex}"

    def _execute(self, *command: str) -> str:
        return self._shell(command[0], shlex.join(command))

    def _shell(self, name: str, line: str) -> str:
        line = f"ulimit -f {_MOST_ARCHIVE_KIB} && {line}"
        result = self._client.send(protocol.execute(line, _COMMAND_S), CommandResult)
        if result.exit_code != 0:
            raise OpenHandsError(
                f"`{name}` failed on the agent server ({result.exit_code}): "
                f"{result.stderr or result.stdout or 'it said nothing'}"
            )
        return result.stdout or ""


class RemoteServer(DistantServer):
    """Conversations on a server at an address.

    Args:
        address: Its URL.
        key: The session key that it was started with, if any.
        tell: Takes a line of progress, on another thread.
        answer_within_s: How long one answer may take.
    """

    _hint = "Check openhands-url, and that the server runs."

    def __init__(
        self,
        address: str,
        key: SecretStr | None,
        tell: Callable[[str], None] = lambda _: None,
        *,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        super().__init__(tell)
        self._way = way(address, key, answer_within_s)
        self._beginning = 0
        self._one_less = threading.Condition()
        self._begin()

    def create(self, assignment: Assignment, base: Path) -> None:
        """Start a conversation in its own copy; what the end of the run overtakes is deleted."""
        with self._counted():
            super().create(assignment, base)
            if self._closing.is_set():
                with suppress(OpenHandsError):  # closing tries it too
                    self.delete(assignment.conversation_id)
                raise ServerLostError("The run ended while the job was being begun.")

    def close(self) -> None:
        """Delete what is left of this run on the server, as far as it answers in a few seconds."""
        if self._closing.is_set():
            return
        self._closing.set()
        if not self._up.done() or self._up.exception() is not None:
            return
        deadline = time.monotonic() + _CLOSED_WITHIN_S
        none_begins = self._await_beginning()
        self._delete_all(deadline)
        if none_begins:
            self._client.close()

    def _delete_all(self, deadline: float) -> None:
        """Delete side by side; what cannot be, or not in time, is told, and keeps no other."""
        is_lost = threading.Event()

        def delete(conversation: UUID) -> None:
            try:
                if not is_lost.is_set():
                    self.delete(conversation)
            except ServerLostError:  # it keeps nothing that could be removed
                is_lost.set()
            except OpenHandsError as error:
                self._tell(f"Not all of {conversation} is gone from the server: {error.message}")

        pool = ThreadPoolExecutor(_DELETED_AT_ONCE)
        deletions = [pool.submit(delete, each) for each in [*self._bases]]
        _, late = wait(deletions, deadline - time.monotonic())
        pool.shutdown(wait=False, cancel_futures=True)
        if late:
            left = ", ".join(map(str, [*self._bases]))
            self._tell(f"The server did not answer in time; these may be left on it: {left}")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a conversation that is being begun: what arrives after its deletion would stay."""
        with self._one_less:
            self._beginning += 1
        try:
            yield
        finally:
            with self._one_less:
                self._beginning -= 1
                self._one_less.notify_all()

    def _await_beginning(self) -> bool:
        """Whether no conversation is being begun any more, after a few seconds at most."""
        with self._one_less:
            return self._one_less.wait_for(lambda: not self._beginning, _BEGUN_WITHIN_S)

    def _connect(self) -> Client:
        return self._way


def way(address: str, key: SecretStr | None, answer_within_s: float = ANSWER_WITHIN_S) -> Client:
    """The way to the agent server at an address; nothing is sent yet."""
    headers = {"X-Session-API-Key": key.get_secret_value()} if key else {}
    timeout = httpx.Timeout(answer_within_s, connect=10)
    return Client(httpx.Client(base_url=address, headers=headers, timeout=timeout))


def _archive(copy: str) -> str:
    """Where a copy lies while it is on its way."""
    return f"{copy}.tar"


def _pack(base: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(base, arcname=".")
    return packed.getvalue()
