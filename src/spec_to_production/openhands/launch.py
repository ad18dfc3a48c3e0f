"""How the agent server's process is started and kept apart, by what this machine allows.

As root the server runs as a user of its own. Where the kernel gives namespaces it sees only its
own processes. In any case :mod:`.supervisor` ends everything that it leaves.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spec_to_production.errors import ServerStartError
from spec_to_production.namespaces import own_mounts
from spec_to_production.openhands import supervisor, zygote
from spec_to_production.probes import succeeds
from spec_to_production.proxies import around_loopback, without_login

AGENT_UID = 10001
"""The user that the agent server runs as when this tool is root; it needs no name."""

_SUPERVISOR = Path(supervisor.__file__)
_ZYGOTE = Path(zygote.__file__)
_SOCKET = "zygote"
_END_WITHIN_S = 10
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_PASSED_ON = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_NAMESPACES = ("--pid", "--fork", "--kill-child", "--mount-proc", "--")


@dataclass(frozen=True)
class Command:
    """A process to be started."""

    arguments: tuple[str, ...]
    env: Mapping[str, str]

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Start it, with its output in a file; it lasts until :func:`end`, or until we end."""
        with log.open("wb") as output:
            return subprocess.Popen(
                self.arguments,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Say of what the system refuses in the block that it keeps the agent server from starting."""
    try:
        yield
    except OSError as error:
        raise ServerStartError(f"The agent server could not be started: {error}") from error


def last_words(log: Path, lines: int = 1) -> str:
    """The end of what a process wrote into its log."""
    words = log.read_text("utf-8", "replace").splitlines()[-lines:]
    return "\n".join(words) or "it said nothing."


def end(process: subprocess.Popen[bytes]) -> None:
    """End what :meth:`Command.start` has started: it goes when its standard input closes."""
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Environment:
    """A Python environment with the agent server in it.

    Attributes:
        python: Its interpreter, as a path inside ``root`` where there is one.
        root: Another root, in which it lies; it needs mounts of its own (:func:`namespaces`).
        path: Folders of git and tmux, where they are not the system's.
        env: The environment of this process: how to get out.
    """

    python: Path
    root: Path | None = None
    path: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def command(
        self, module: Sequence[str], folder: Path, variables: Mapping[str, str], user: int | None
    ) -> Command:
        """Run a module of the environment in a folder, supervised, with these variables only.

        Raises:
            ServerStartError: The agent's user cannot get into the folder.
        """
        return self._supervised(
            folder, (*as_user(user), str(self.python), "-m", *module), variables
        )

    def zygote(self, folder: Path, variables: Mapping[str, str]) -> Command:
        """Run :mod:`.zygote` with a socket in the folder; else as :meth:`command`."""
        # Another root holds nothing of ours but the folder.
        program = shutil.copy(_ZYGOTE, folder)
        serve = (str(self.python), "-I", str(program), "serve", str(folder / _SOCKET))
        return self._supervised(folder, serve, variables)

    def _supervised(
        self, folder: Path, command: Sequence[str], variables: Mapping[str, str]
    ) -> Command:
        if self.root is None and not reachable(folder):
            raise ServerStartError(
                f"The agent's user cannot pass through the parents of {folder}.",
                hint="Use a folder for temporary files (TMPDIR) that is open to other users.",
            )
        root = ["--root", str(self.root)] if self.root else []
        path = ":".join((str(self.python.parent), *self.path, _SYSTEM_PATH))
        passed = {name: self.env[name] for name in _PASSED_ON if name in self.env}
        # The agent's shells inherit them, and it may read no password.
        passed |= {name: without_login(self.env[name]) for name in _PROXIES if name in self.env}
        # The model is reached by the gateway, which is on this machine.
        passed |= around_loopback(self.env)
        if self.root is not None:
            passed |= {"SSL_CERT_FILE": _CERTIFICATES, "REQUESTS_CA_BUNDLE": _CERTIFICATES}
        return Command(
            (
                *namespaces(),
                *(sys.executable, "-I", str(_SUPERVISOR), *root, str(folder), "--", *command),
            ),
            {**passed, **variables, "PATH": path},
        )


@dataclass(frozen=True)
class Zygote:
    """A zygote that waits for orders (:mod:`.zygote`).

    Attributes:
        folder: The one that it was started in; a server's folder has to lie in it.
    """

    folder: Path

    def command(
        self, module: Sequence[str], folder: Path, variables: Mapping[str, str], user: int | None
    ) -> Command:
        """As :meth:`Environment.command`; the user is for this one alone."""
        order = (str(self.folder / _SOCKET), str(user), str(folder), *module)
        return Command((sys.executable, "-I", str(_ZYGOTE), "join", *order), variables)


@dataclass(frozen=True)
class Image:
    """A Docker image with the agent server in it (``agent-server.Dockerfile``).

    Attributes:
        env: The environment of this process: how to reach the Docker engine.
    """

    tag: str
    python: str = "/opt/agent-server/bin/python"
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def command(
        self, module: Sequence[str], folder: Path, variables: Mapping[str, str], user: int | None
    ) -> Command:
        """As :meth:`Environment.command`. The supervisor is the container's first process."""
        # Docker has an environment of its own, so that the server's travels by a file.
        file = folder / "environment"
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        user = user or os.geteuid()
        options = (
            "--rm",
            "--interactive",
            "--network=host",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
            "--pids-limit=2048",
            f"--user={user}:{user}",
            f"--volume={folder}:{folder}",
            f"--volume={_SUPERVISOR}:/supervisor.py:ro",
            f"--env-file={file}",
        )
        supervised = (self.python, "-I", "/supervisor.py", str(folder), "--", self.python, "-m")
        return Command(("docker", "run", *options, self.tag, *supervised, *module), self.env)


def proxies_with_login(env: Mapping[str, str]) -> list[str]:
    """The variables that name a proxy with a password, which no agent server gets."""
    return [name for name in _PROXIES if without_login(env.get(name, "")) != env.get(name, "")]


def agent_uid() -> int | None:
    """The user that the agent server runs as, when it can be another than ours."""
    return AGENT_UID if os.geteuid() == 0 else None


@functools.cache
def namespaces() -> tuple[str, ...]:
    """The command prefix that gives a process its own mounts and processes; empty if refused."""
    user = () if os.geteuid() == 0 else ("--user", "--map-current-user")
    prefix = ("unshare", *user, *own_mounts(), *_NAMESPACES)
    return prefix if own_mounts() and succeeds([*prefix, "true"]) else ()


def reachable(path: Path) -> bool:
    """Whether the agent's user can use a program or pass through a folder."""
    return succeeds([*as_agent(), "test", "-x", str(path)])


def as_agent() -> list[str]:
    """The command prefix that changes to the agent's user; empty when that is not ours to do."""
    return as_user(agent_uid())


def as_user(uid: int | None) -> list[str]:
    """The command prefix that changes to a user without a way back; empty for ``None``."""
    if uid is None:
        return []
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs"]
