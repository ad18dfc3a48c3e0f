"""An agent server that the user runs; no disk is shared, so that files travel through its API."""

from __future__ import annotations

import io
import shlex
import tarfile
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import httpx
from pydantic import SecretStr

from spec_to_production.errors import ApiError, OpenHandsError, ServerLostError
from spec_to_production.openhands import copies, protocol
from spec_to_production.openhands.agent_server import AgentServer, await_ready
from spec_to_production.openhands.client import Client
from spec_to_production.openhands.models import CommandResult, Success

# A copy's place follows from the conversation alone, so that a later run finds it.
_COPIES = "/tmp/spec-to-production"  # noqa: S108 - not on this machine
_READY_WITHIN_S = 60
_COMMAND_S = 60
_MOST_ARCHIVE_KIB = 256 << 10


class RemoteServer(AgentServer):
    """Conversations on a server at an address.

    Args:
        address: Its URL.
        key: The session key that it was started with, if any.
        answer_within_s: How long one answer may take.
    """

    def __init__(
        self, address: str, key: SecretStr | None, *, answer_within_s: float = _COMMAND_S + 60
    ) -> None:
        super().__init__()
        headers = {"X-Session-API-Key": key.get_secret_value()} if key else {}
        timeout = httpx.Timeout(answer_within_s, connect=10)
        self._http = Client(httpx.Client(base_url=address, headers=headers, timeout=timeout))
        self._closing = threading.Event()
        self._version: str | None = None

    @property
    def version(self) -> str:
        """The agent server's version."""
        self.wait_until_ready()
        assert self._version is not None  # noqa: S101 - ready means that it was told
        return self._version

    def wait_until_ready(self) -> None:
        """Block until the server answers, or raise why it does not."""
        if self._version is None:
            self._version = await_ready(self._http, within_s=_READY_WITHIN_S, pause=self._pause)

    def close(self) -> None:
        """Delete what is left of this run on the server."""
        if self._closing.is_set():
            return
        self._closing.set()
        # A server that is gone keeps nothing that could be removed.
        with suppress(OpenHandsError):
            for conversation in list(self._bases):
                with suppress(ApiError):
                    self.delete(conversation)
        self._http.close()

    @property
    def _client(self) -> Client:
        return self._http

    def _provide(self, conversation: UUID, base: Path) -> str:
        copy = self._copy(conversation)
        if conversation not in self._bases:
            archive = f"{copy}.tar"
            self._http.send(protocol.upload(archive, _pack(base)), Success)
            self._execute("mkdir", "-p", copy)
            self._execute("tar", "-xf", archive, "--no-same-owner", "-C", copy)
            self._execute("rm", archive)
        return copy

    def _changes(self, conversation: UUID, base: Path) -> str:
        copy = self._copy(conversation)
        archive = f"{copy}.{uuid.uuid4().hex}.tar.gz"
        self._execute("tar", "-czf", archive, "--exclude=.git", "-C", copy, ".")
        try:
            content = self._http.fetch(protocol.download(archive))
        finally:
            self._execute("rm", "-f", archive)
        return copies.changes(base, copies.in_archive(io.BytesIO(content)))

    def _discard(self, conversation: UUID) -> None:
        self._execute("rm", "-rf", self._copy(conversation))

    def _copy(self, conversation: UUID) -> str:
        return f"{_COPIES}/{conversation.hex}"

    def _pause(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise ServerLostError("The run ended before the agent server was ready.")

    def _execute(self, *command: str) -> None:
        line = f"ulimit -f {_MOST_ARCHIVE_KIB} && {shlex.join(command)}"
        result = self._http.send(protocol.execute(line, _COMMAND_S), CommandResult)
        if result.exit_code != 0:
            raise OpenHandsError(
                f"`{command[0]}` failed on the agent server ({result.exit_code}): "
                f"{result.stderr or result.stdout or 'it said nothing'}"
            )


def _pack(base: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(base, arcname=".")
    return packed.getvalue()
