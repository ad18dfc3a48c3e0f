"""What a test may not do to the machine that it runs on, watched from inside the interpreter.

The sandbox around the process is what holds; this names the deed. Each rule tells whose code
acts: the nearest frame of the repository, under whatever library it called.
"""

from __future__ import annotations

import atexit
import os
import re
import socket
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

_frame = sys._getframe  # noqa: SLF001 - the way to see who calls
_MOST_PROCESSES = 64
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|(ACCESS|PRIVATE)_KEY", re.IGNORECASE
)
_SECRET_FILE = re.compile(
    r"/(\.ssh|\.aws|\.gnupg|\.docker|\.kube|\.netrc|\.pypirc|\.npmrc|\.git-credentials)(/|$)"
    r"|/\.config/(gh|hub|git)(/|$)|/\.git/config$|^/etc/(shadow|passwd|sudoers)"
    r"|^/proc/(self|\d+)/(task/\d+/)?(environ|mem|maps|fd|cmdline)"
)
_DANGEROUS = re.compile(
    r"(?<![\w./-])(/[\w/]*/)?(curl|wget|nc|ncat|telnet|ssh|scp|ping|dig|nslookup|sudo|su|p?kill|killall"
    r"|shutdown|reboot|mkfs|dd|printenv|crontab|at|nohup|setsid)(?![\w./-])"
)
_STARTERS = ("subprocess.py", "/multiprocessing/", "/concurrent/futures/", "/asyncio/", "pty.py")
_PATH_EVENTS = {
    # event: which of its arguments are paths, and which is their folder's descriptor
    "os.remove": ((0,), 1),
    "os.rmdir": ((0,), 1),
    "os.mkdir": ((0,), 2),
    "os.rename": ((0, 1), 2),
    "os.link": ((1,), 3),
    "os.symlink": ((1,), 2),
    "os.truncate": ((0,), None),
    "os.chmod": ((0,), 2),
    "os.chown": ((0,), 3),
    "os.utime": ((0,), 3),
}
_CLEANERS = {"shutil", "tempfile"}
_REMOVES = (os.remove, os.unlink, os.rmdir)
_ADDRESS = re.compile(r"^[0-9.]+$|:")
_LOOPBACK = ("127.", "::1", "localhost")


@dataclass
class Rules:
    """The rules for one run.

    Attributes:
        root: The checkout; code below it is the test's or the component's.
        tests: Files of the candidates.
        writable: Folders that the run may write to.
        home: The home folder: libraries keep things there, tests have no business in it.
        report: Called with each deed, in words.
        threads: Those that tests started themselves.
    """

    root: str
    tests: Collection[str]
    writable: tuple[str, ...]
    home: str
    report: Callable[[str], None]
    bound: list[socket.socket] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    processes: int = 0
    armed: bool = True

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """The audit hook: note what is not allowed and refuse it."""
        rule = _RULES.get(event) or _PREFIX_RULES.get(event.partition(".")[0])
        if rule is None or not self.armed:
            return
        self.armed = False  # the rules open files and look at frames themselves
        try:
            deed = rule(self, event, args)
        finally:
            self.armed = True
        if deed:
            self.report(deed)
            raise PermissionError(f"not allowed during verification: {deed}")

    def author(self) -> str | None:
        """Whose code acts: ``test``, ``component`` or, with no frame of the repository, None."""
        frame: FrameType | None = _frame(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name in self.tests:
                return "test"
            if name.startswith(self.root):
                return "component"
            frame = frame.f_back
        return None

    def _by_library(self) -> bool:
        """Whether an installed library acts, for whomever."""
        frame: FrameType | None = _frame(1)
        while frame is not None and frame.f_code.co_filename not in self.tests:
            if "-packages/" in frame.f_code.co_filename:
                return True
            frame = frame.f_back
        return False

    def may_write(self, path: str) -> bool:
        """Whether a path lies where this run may write."""
        real = os.path.realpath(path)
        if real.startswith(self.home):
            return self._by_library()
        return real.startswith(("/dev/", *self.writable)) or any(
            real + "/" == folder for folder in self.writable
        )


def _opens(rules: Rules, _: str, args: tuple[Any, ...]) -> str | None:
    path, _mode, flags = args
    if isinstance(path, int) or path is None:
        return None
    name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
    if isinstance(flags, int) and flags & _WRITING:
        if rules.author() and not rules.may_write(name):
            return f"wrote outside its folder: {_shown(rules, name)}"
    elif _SECRET_FILE.search(name) and rules.author() == "test":
        return f"read {name}"
    return None


def _changes_path(rules: Rules, event: str, args: tuple[Any, ...]) -> str | None:
    positions, folder_at = _PATH_EVENTS[event]
    for position in positions:
        path = args[position]
        if isinstance(path, int):
            continue
        name = os.fsdecode(path)
        folder = args[folder_at] if folder_at is not None else -1
        if isinstance(folder, int) and folder >= 0:
            name = f"/proc/self/fd/{folder}/{name}"
        if rules.author() and not rules.may_write(name):
            return f"changed a path outside its folder ({event[3:]}): {_shown(rules, name)}"
    return None


def _starts_program(rules: Rules, _: str, args: tuple[Any, ...]) -> str | None:
    rules.processes += 1
    if rules.processes > _MOST_PROCESSES:
        return f"started more than {_MOST_PROCESSES} processes"
    command = args[1] if isinstance(args[1], str | bytes) else b" ".join(map(os.fsencode, args[1]))
    return _dangerous(rules, os.fsdecode(command))


def _shell(rules: Rules, _: str, args: tuple[Any, ...]) -> str | None:
    return _dangerous(rules, os.fsdecode(args[0]))


def _dangerous(rules: Rules, command: str) -> str | None:
    found = _DANGEROUS.search(command)
    return f"started {found[0]}" if found and rules.author() == "test" else None


def _forks(rules: Rules, event: str, _: tuple[Any, ...]) -> str | None:
    author = rules.author()
    if author is None:
        return None  # the runner's own
    rules.processes += 1
    if rules.processes > _MOST_PROCESSES:
        return f"started more than {_MOST_PROCESSES} processes"
    return None if _by_starter() or author != "test" else f"called {event}"


def _kills(rules: Rules, event: str, args: tuple[Any, ...]) -> str | None:
    target = args[0]
    if _by_starter() or (event == "os.kill" and target == os.getpid()):
        return None
    return f"sent signal {args[1]} to process {target}" if rules.author() else None


def _by_starter() -> bool:
    frame = _frame(3)
    while frame is not None and frame.f_code.co_filename.endswith("/os.py"):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and any(part in frame.f_code.co_filename for part in _STARTERS)


def _binds(rules: Rules, _: str, args: tuple[Any, ...]) -> None:
    rules.bound.append(args[0])


def _connects(rules: Rules, _: str, args: tuple[Any, ...]) -> str | None:
    address = args[1] if len(args) > 1 else None
    if isinstance(address, str | bytes):  # a unix socket
        name = os.fsdecode(address)
        return None if rules.may_write(name) else f"connected to {name!r}"
    if not isinstance(address, tuple):
        return None
    host, port = address[:2]
    if str(host).startswith(_LOOPBACK) and port in _ports(rules):
        return None
    return f"opened a network connection to {host}:{port}" if rules.author() else None


def _ports(rules: Rules) -> set[int]:
    ports = set()
    for bound in rules.bound:
        try:
            ports.add(bound.getsockname()[1])
        except (OSError, IndexError, TypeError):
            continue
    return ports


def _resolves(rules: Rules, _: str, args: tuple[Any, ...]) -> str | None:
    host = os.fsdecode(args[0] or "localhost") if isinstance(args[0], str | bytes) else ""
    if host in ("", socket.gethostname()) or host.startswith((*_LOOPBACK, "0.0.0.0")):  # noqa: S104
        return None
    if not rules.author():
        return None
    if _ADDRESS.search(host):
        return f"opened a network connection to {host}"
    return f"looked up the network name {host}"


def _native(rules: Rules, event: str, _: tuple[Any, ...]) -> str | None:
    frame: FrameType | None = _frame(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib"):
            return None  # importing ctypes opens the interpreter itself
        if name in rules.tests:
            return f"used {event}: native code from a test"
        if name.startswith(rules.root):
            return None
        frame = frame.f_back
    return None


def _shown(rules: Rules, path: str) -> str:
    return path.removeprefix(rules.root)


_Rule = Callable[[Rules, str, tuple[Any, ...]], "str | None"]


_RULES: dict[str, _Rule] = {
    "open": _opens,
    **dict.fromkeys(_PATH_EVENTS, _changes_path),
    "subprocess.Popen": _starts_program,
    **dict.fromkeys(("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn"), _forks),
    "os.system": _shell,
    "pty.spawn": _forks,
    "os.kill": _kills,
    "os.killpg": _kills,
    "socket.bind": _binds,
    "socket.connect": _connects,
    "socket.sendto": _connects,
    "socket.sendmsg": _connects,
    "socket.getaddrinfo": _resolves,
    "socket.gethostbyname": _resolves,
}
_PREFIX_RULES: dict[str, _Rule] = {"ctypes": _native}


def watch_environment(rules: Rules) -> None:
    """Notice when a test's own code asks for a secret by its name.

    A value that the test has set itself is its own. A child process commonly gets a copy of
    the whole environment; that names nothing and is no deed.
    """
    environ = type(os.environ)
    read, started_with = environ.__getitem__, dict(os.environ)

    def watched(self: Any, key: str) -> str:  # noqa: ANN401
        frame: FrameType | None = _frame(1)
        while frame is not None and frame.f_code.co_filename.endswith(
            ("/os.py", "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>")
        ):
            frame = frame.f_back
        if (
            frame is not None
            and frame.f_code.co_filename in rules.tests
            and isinstance(key, str)
            and _SECRET_NAME.search(key)
            and self._data.get(self.encodekey(key)) == _encoded(self, started_with.get(key))
        ):
            rules.report(f"read {key} from the environment")
        return read(self, key)

    environ.__getitem__ = watched  # type: ignore[method-assign]


def watch_exit(rules: Rules) -> None:
    """Notice what a test leaves to be run at the end of the process; to clean up is its right."""
    register = atexit.register

    def watched(function: Callable[..., Any], /, *args: Any, **options: Any) -> Callable[..., Any]:  # noqa: ANN401
        cleans = getattr(function, "__module__", "") in _CLEANERS or function in _REMOVES
        if _frame(1).f_code.co_filename in rules.tests and not cleans:
            rules.report("left something to be run when the process ends")
        return register(function, *args, **options)

    atexit.register = watched


def watch_threads(rules: Rules) -> None:
    """Know the threads that a test starts itself."""
    start = Thread.start

    def watched(self: Thread) -> None:
        if rules.author() == "test":
            rules.threads.append(self)
        start(self)

    Thread.start = watched  # type: ignore[method-assign]


def _encoded(environ: Any, value: str | None) -> object:  # noqa: ANN401
    return None if value is None else environ.encodevalue(value)


def folders(*paths: str) -> tuple[str, ...]:
    """Paths in the form that :class:`Rules` compares with."""
    return tuple(f"{Path(path).resolve()}/" for path in paths)
