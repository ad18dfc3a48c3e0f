"""The agent server as a child of this process, on loopback, gone when we are."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from uuid import UUID

import httpx

from spec_to_production.disk import remove
from spec_to_production.errors import ServerStartError
from spec_to_production.openhands import copies
from spec_to_production.openhands.agent_server import AgentServer
from spec_to_production.openhands.client import Client
from spec_to_production.openhands.installation import Installer
from spec_to_production.openhands.launch import (
    Environment,
    Image,
    Zygote,
    agent_uid,
    end,
    last_words,
    starting,
)

_LOOPBACK = "127.0.0.1"
_READY_WITHIN_S = 120
_LOG_LINES = 15

# The server refuses conversations beyond this number; how many run at once is our decision.
_MOST_RUNS = 64
# Python 3.13 sizes the server's thread pool by it. Every command of an agent holds a thread, and
# with the machine's own count of CPUs a handful of long commands stops the server from answering.
_CPU_COUNT = 28


class EmbeddedServer(AgentServer):
    """An agent server that this process starts, as a user of its own where that can be.

    Args:
        folder: A new folder for the server's files, the log, and the copies of the code. Its
            parents must be open for other users to pass through.
        find: Finds or installs the agent server; ``ServerStartError`` when it cannot. The event
            is set when it should stop trying.
        tell: Takes a line of progress, on another thread.
        user: The one that it runs as; by default the one that all agents share.
    """

    def __init__(
        self,
        folder: Path,
        find: Callable[[threading.Event], Environment | Image | Zygote],
        tell: Callable[[str], None] = lambda _: None,
        user: int | None = None,
    ) -> None:
        super().__init__(tell)
        self.log = folder / "agent-server.log"
        self.folder = folder
        self._find = find
        self._owner = agent_uid() if user is None else user
        self._process: subprocess.Popen[bytes] | None = None
        self._begin()

    @classmethod
    def start(
        cls,
        folder: Path,
        cache: Path,
        tell: Callable[[str], None],
        env: Mapping[str, str] = os.environ,
    ) -> EmbeddedServer:
        """Start in the background, from what is installed or by installing it into the cache.

        Args:
            folder: See the class.
            cache: Where an installation is kept for the next run.
            tell: Takes a line of progress, on another thread.
            env: The environment of this process.
        """

        def find(closing: threading.Event) -> Environment | Image:
            installed = Installer(cache, tell, env=env).find(closing)
            if agent_uid() is None and isinstance(installed, Environment):
                tell(
                    "The agent runs as your user and can read your files; it is isolated only when "
                    "this tool runs as root."
                )
            return installed

        return cls(folder, find, tell)

    def close(self) -> None:
        """Kill the server with all that it started, and remove all but its log."""
        self._closing.set()
        self._starter.join()
        self._end()
        if self._up.exception() is None:
            self._up.result()[0].close()
        for name in _FOLDERS:
            remove(self.folder / name)
        (self.folder / "environment").unlink(missing_ok=True)

    def _provide(self, conversation: UUID, base: Path) -> str:
        copy = self._copy(conversation)
        if not copy.exists():
            copies.make(base, copy, self._owner)
        return str(copy)

    def _changes(self, conversation: UUID, base: Path) -> str:
        return copies.changes(base, copies.on_disk(self._copy(conversation)))

    def _discard(self, conversation: UUID) -> None:
        remove(self._copy(conversation))

    def _copy(self, conversation: UUID) -> Path:
        return self.folder / "copies" / conversation.hex

    def _launch(self) -> tuple[Client, str]:
        try:
            with starting(), held_port() as port:
                return self._start(port)
        except BaseException:
            self._end()
            raise

    def _start(self, port: int) -> tuple[Client, str]:
        installed = self._find(self._closing)
        self._prepare_folder()
        key = secrets.token_urlsafe(32)
        module = ("openhands.agent_server", "--host", _LOOPBACK, "--port", str(port))
        command = installed.command(
            module, self.folder, server_environment(self.folder, key), self._owner
        )
        self._process = command.start(self.log)
        http = httpx.Client(
            base_url=f"http://{_LOOPBACK}:{port}",
            headers={"X-Session-API-Key": key},
            timeout=httpx.Timeout(60, connect=5),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        )
        client = Client(http, self._why_gone)
        return client, self._await_ready(client, _READY_WITHIN_S)

    def _prepare_folder(self) -> None:
        for name in _FOLDERS:
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o711)
        if self._owner is not None:
            for name in _OWNED:
                copies.give(self.folder / name, self._owner)
        for name in _OWNED:
            (self.folder / name).chmod(0o700)
        (self.folder / "copies").chmod(0o711)

    def _pause(self, seconds: float) -> None:
        super()._pause(seconds)
        if self._why_gone():
            raise ServerStartError(
                "The agent server ended while it was starting. Its last words:\n"
                + last_words(self.log, _LOG_LINES)
            )

    def _why_gone(self) -> str:
        if self._process is not None and self._process.poll() is None:
            return ""
        return f"it has ended. Its last words: {last_words(self.log)}"

    def _end(self) -> None:
        if self._process is not None:
            end(self._process)


_OWNED = ("home", "tmp", "conversations")
_FOLDERS = (*_OWNED, "copies")


def server_environment(folder: Path, key: str) -> Mapping[str, str]:
    """The server's environment: nothing of ours, because the agent's shells inherit it."""
    return {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "TMUX_TMPDIR": str(folder / "tmp"),
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "PYTHON_CPU_COUNT": str(_CPU_COUNT),
        "OH_SESSION_API_KEYS_0": key,
        "OH_SECRET_KEY": secrets.token_urlsafe(32),
        "OH_CONVERSATIONS_PATH": str(folder / "conversations"),
        "OH_BASH_EVENTS_DIR": str(folder / "home" / "bash-events"),
        "OH_MAX_CONCURRENT_RUNS": str(_MOST_RUNS),
        "OH_PRELOAD_TOOLS": "0",
        "OH_ENABLE_VSCODE": "0",
        "OPENHANDS_SUPPRESS_BANNER": "1",
        # Without it the server may hang at import where there is no way out to the internet.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """A free port of loopback that is given to nobody else during the block.

    Who asks for it by number, and for the reuse of addresses as servers do, can listen there:
    this socket is bound and does not (``socket(7)``, ``SO_REUSEADDR``).
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((_LOOPBACK, 0))
        yield int(holder.getsockname()[1])
