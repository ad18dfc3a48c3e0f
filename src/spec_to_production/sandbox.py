"""Where code that is not trusted runs: tests, whoever wrote them.

A process in the sandbox has a scrubbed environment, its own HOME and TMPDIR, resource limits,
no network where the kernel lets us, and, when this tool runs as root, an unprivileged user.
It is ended together with everything that it started.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import secrets
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spec_to_production.disk import Reserve, remove
from spec_to_production.errors import SandboxError
from spec_to_production.namespaces import leave_the_network, own_mounts
from spec_to_production.probes import succeeds

UNPRIVILEGED_UID = 65534
_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one process tree may use: seconds, MiB, counts."""

    wall_s: float = 300
    memory_mb: int = 4096
    file_mb: int = 64
    processes: int = 512
    open_files: int = 512


@dataclass(frozen=True)
class Completed:
    """How a process ended; ``returncode`` is negative for a signal, as in subprocess."""

    returncode: int
    output: str
    timed_out: bool
    duration_ms: float


class Children:
    """The processes that run now; any thread may add one, and one call ends them all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    @contextlib.contextmanager
    def watch(self, process: subprocess.Popen[bytes], mark: int | None = None) -> Iterator[None]:
        """Count a process as running in the block; on leaving it, all that it started is gone.

        Without a mark that is its process group, which a process can leave.
        """
        with self._lock:
            self._running.add(process)
            stopped = self._stopped
        try:
            if stopped:
                raise SandboxError("The run is ending; nothing more is started.")
            yield
        finally:
            _kill(process, mark)
            with self._lock:
                self._running.discard(process)

    def stop_all(self) -> None:
        """End every process with its group, and let no further one live."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            kill_group(process)


@dataclass(frozen=True)
class Sandbox:
    """Starts processes that are not trusted.

    Attributes:
        home: A folder of the sandbox's own; HOME and TMPDIR are made inside it.
        python: The interpreter that has the component's dependencies.
    """

    home: Path
    python: Path = Path(sys.executable)
    _children: Children = field(default_factory=Children, repr=False, compare=False)
    _made_at: float = field(default_factory=time.time, repr=False, compare=False)

    @classmethod
    def prepare(cls, home: Path, python: Path | None = None) -> Sandbox:
        """Make the sandbox's folders, owned by the user that its processes run as.

        What holds them stays ours: a link in place of one would lead us, who clear it, anywhere.
        """
        sandbox = cls(home, python or Path(sys.executable))
        for folder in (home / "home", home / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
            sandbox.hand_over(folder)
        return sandbox

    @functools.cached_property
    def separate_user(self) -> bool:
        """Whether processes run as another user: only root can arrange that."""
        return os.geteuid() == 0 and self._runs([*_as_nobody(), str(self.python), "-V"])

    @functools.cached_property
    def marks(self) -> bool:
        """Whether what a process starts bears a group of its own, which it cannot give up."""
        return self.separate_user and self._runs([*_as_nobody(_MARKS.start), "true"])

    @functools.cached_property
    def no_network(self) -> bool:
        """Whether the kernel lets us take the network away."""
        return self._runs(["true"], leave_the_network)

    @functools.cached_property
    def no_foreign_processes(self) -> bool:
        """Whether processes in here see, and can signal, each other only."""
        return self.no_network and self._runs([*_among_themselves(), "true"], leave_the_network)

    @functools.cached_property
    def reserve(self) -> Reserve:
        """What processes in here have to leave free on the disk; they are killed at it."""
        return Reserve.half_of(self.home)

    def hand_over(self, path: Path) -> None:
        """Give a folder to the sandbox's user, so that its processes may write there."""
        if not self.separate_user:
            return
        for entry in _everything_at(path):
            os.chown(entry, UNPRIVILEGED_UID, UNPRIVILEGED_UID, follow_symlinks=False)

    def admit(self, path: Path) -> None:
        """Let the sandbox's user read what is at ``path``, and nothing more.

        Raises:
            SandboxError: A folder on the way belongs to somebody else and is closed.
        """
        if not self.separate_user:
            return
        for folder in (path, *path.parents):
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                if folder.stat().st_uid != os.geteuid() or folder == Path.home():
                    raise SandboxError(
                        f"The user that tests run as cannot enter {folder}.",
                        hint="Choose a work folder that other users may enter, as in /tmp.",
                    )
                folder.chmod(mode | stat.S_IXOTH)
        for entry in _everything_at(path):
            mode = entry.lstat().st_mode
            if not stat.S_ISLNK(mode):
                entry.chmod(mode | stat.S_IROTH | (mode & stat.S_IXUSR) >> 6)

    def take_back(self, path: Path) -> None:
        """Undo :meth:`hand_over`: processes in here can read what is there, not change it."""
        for entry in _everything_at(path):
            if self.separate_user:
                os.chown(entry, os.geteuid(), os.getegid(), follow_symlinks=False)
            if not entry.is_symlink():  # it may lead anywhere
                entry.chmod(0o755 if entry.is_dir() else 0o644)

    def environment(self, extra: Mapping[str, str] = {}) -> dict[str, str]:
        """The whole environment of a process in here: an allow-list, no secrets."""
        return {
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home / "home"),
            "TMPDIR": str(self.home / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",  # HOME is writable in here: what lies there is not ours
            **extra,
        }

    @contextlib.contextmanager
    def start(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] = {},
        limits: Limits = Limits(),
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.STDOUT,
        pass_fds: Sequence[int] = (),
        network: bool = False,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A running process; on leaving the block it is gone, with what it started."""
        mark = secrets.choice(_MARKS) if self.marks else None
        isolated = self.no_network and not network
        prefix = _among_themselves() if isolated and self.no_foreign_processes else []
        user = _as_nobody(mark) if self.separate_user else []
        reserve = self.reserve  # what is free before the process can have used any of it
        try:
            process = subprocess.Popen(
                [*prefix, *user, *command],
                cwd=cwd,
                env=self.environment(env),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=pass_fds,
                start_new_session=True,
                preexec_fn=functools.partial(  # noqa: PLW1509 - no threads in it
                    _confine, limits, own_user=self.separate_user, isolated=isolated
                ),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SandboxError(f"{command[0]} could not be started: {error}") from error
        kill = functools.partial(_kill, process, mark)
        try:
            with reserve.watched(kill), self._children.watch(process, mark):
                yield process
        finally:
            if reserve.is_used():
                self._clear()

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] = {},
        limits: Limits = Limits(),
        network: bool = False,
    ) -> Completed:
        """Run to the end or to the limit; output beyond the file limit is cut."""
        with tempfile.TemporaryFile() as output:
            started = time.monotonic()
            with self.start(
                command,
                cwd=cwd,
                env=env,
                limits=limits,
                stdout=output.fileno(),
                network=network,
            ) as process:
                timed_out = False
                try:
                    process.wait(limits.wall_s)
                except subprocess.TimeoutExpired:
                    timed_out = True
            ended = time.monotonic()
            output.seek(0)
            text = output.read(limits.file_mb * _MIB).decode("utf-8", "replace")
        return Completed(process.returncode, text, timed_out, (ended - started) * 1000)

    def stop_all(self) -> None:
        """End everything that runs in here; whoever waits for it sees it ended by a signal."""
        self._children.stop_all()

    def _clear(self) -> None:
        """Remove what processes in here wrote, in their own folders and where everybody may."""
        places = [self.home / "home", self.home / "tmp"]
        if self.separate_user:
            places += filter(Path.is_dir, _OPEN_TO_ALL)
        for path in (path for place in places for path in place.iterdir()):
            with contextlib.suppress(OSError):
                found = path.lstat()
                if self.home in path.parents or (
                    found.st_uid == UNPRIVILEGED_UID and found.st_ctime >= self._made_at
                ):
                    remove(path) if stat.S_ISDIR(found.st_mode) else path.unlink()

    def _runs(self, command: Sequence[str], first: Callable[[], None] | None = None) -> bool:
        # Even a trial runs as the other user, who could read what it is given.
        return succeeds(command, env=self.environment(), first=first)


_PROCESSES_OF_THEIR_OWN = ("--pid", "--fork", "--kill-child", "--mount-proc")
_OPEN_TO_ALL = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 - looked through
# Groups that no machine gives out, to containers neither (https://systemd.io/UIDS-GIDS/).
_MARKS = range(0x7000_0000, 1 << 31)


def _everything_at(path: Path) -> Iterator[Path]:
    """A folder with all that is below it. Links are not followed; one to a folder is left out."""
    for folder, _, files in os.walk(path):
        yield from (Path(folder), *(Path(folder, name) for name in files))


def _among_themselves() -> list[str]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-current-user"]
    return ["unshare", *user, *own_mounts(), *_PROCESSES_OF_THEIR_OWN]


def _as_nobody(mark: int | None = None) -> list[str]:
    ids = (f"--reuid={UNPRIVILEGED_UID}", f"--regid={UNPRIVILEGED_UID}")
    groups = "--clear-groups" if mark is None else f"--groups={mark}"
    return ["setpriv", *ids, groups, "--no-new-privs"]


def _kill(process: subprocess.Popen[bytes], mark: int | None) -> None:
    kill_group(process)
    if mark is not None:
        kill_marked(mark)


def kill_marked(mark: int) -> None:
    """End every process that bears a mark, whatever session, group or parent it has now."""
    while marked := list(_bearing(mark)):
        for pid in marked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _bearing(mark: int) -> Iterator[int]:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError):
                status = (process / "status").read_text("utf-8", "replace")
                groups = status.partition("\nGroups:")[2].partition("\n")[0].split()
                # A dead one that its parent has not asked about yet needs no killing.
                if str(mark) in groups and "\nState:\tZ" not in status:
                    yield int(process.name)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads its own group, and the group; returns when it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _confine(limits: Limits, *, own_user: bool, isolated: bool) -> None:
    if isolated:
        leave_the_network()
    if own_user:  # the kernel counts all of a user's processes, of ours there may be many
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.processes, limits.processes))
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory_mb * _MIB),
        (resource.RLIMIT_FSIZE, limits.file_mb * _MIB),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
