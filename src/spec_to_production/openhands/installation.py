"""Where the embedded agent server comes from: an environment of its own, kept for the next run.

The ladder, first that works: an environment that exists (the container has one), a Python of
this machine, a Docker engine, and, on Debian as root, a private root made by debootstrap.
When this tool is root, a Python counts only if the agent's unprivileged user can run it: the
agent never runs as root.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spec_to_production.errors import ServerStartError
from spec_to_production.openhands.launch import (
    Environment,
    Image,
    agent_uid,
    as_agent,
    namespaces,
    proxies_with_login,
    reachable,
)
from spec_to_production.probes import succeeds
from spec_to_production.sandbox import kill_group

VARIABLE = "SPEC_TO_PRODUCTION_AGENT_SERVER"
"""Names the folder of a Python environment that has the agent server already."""

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SYSTEM_CACHE = Path("/var/cache/spec-to-production")
_PYTHON = "3.13"
_RUNS = "import sys, ssl, venv; assert sys.version_info >= (3, 12)"
_DEBIAN = "trixie"
_DEBIAN_PACKAGES = "python3,git,tmux,ca-certificates"
_IMAGE = "spec-to-production-agent-server"
_DOCKERFILE = Path(__file__).with_name("agent-server.Dockerfile")
_ENVIRONMENTS = ("debian-*/opt/agent-server-*", "python-*", "image-*")
_PRICES = "lib/python*/site-packages/litellm/model_prices_and_context_window_backup.json"
_STEP_S = 1200
_LOOK_S = 0.1
_MOST_SHOWN = 600


def _lock() -> Path:
    """The agent server's requirements, as installed with this package or in its repository."""
    installed = Path(__file__).with_name("agent-server.txt")
    return (
        installed if installed.is_file() else Path(__file__).parents[3] / "locks/agent-server.txt"
    )


class _NotHere(Exception):  # noqa: N818 - no error yet: the next way is tried
    """A way that does not lead to an agent server on this machine; the text says why."""


@dataclass(frozen=True)
class Installer:
    """Finds the agent server's environment, or makes it.

    Attributes:
        cache: The folder that keeps what was made; safe for several runs at once.
        tell: Takes a line of progress.
        lock: The packages, with their hashes.
        env: The environment of this process.
    """

    cache: Path
    tell: Callable[[str], None]
    lock: Path = field(default_factory=_lock)
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def find(self, stop: threading.Event) -> Environment | Image:
        """What the server can be started from.

        Raises:
            ServerStartError: No way works on this machine, or ``stop`` was set.
        """
        if hidden := proxies_with_login(self.env):
            self.tell(
                f"The agent gets {' and '.join(hidden)} without user and password, which are "
                "secrets: it has no network where the proxy asks for them."
            )
        if given := self.env.get(VARIABLE):
            return self._existing(Path(given))
        # Asking every way again takes longer than starting the server from what is here.
        # Without mounts of its own the other root's would be the whole machine's.
        if agent_uid() is not None and self._in_root.is_dir() and namespaces():
            return self._debian
        commands = _Commands(stop, self.env)
        ways: Mapping[str, Callable[[_Commands], Environment | Image]] = {
            "a Python (3.12 or newer) of this machine": self._from_python,
            "a Docker engine": self._from_docker,
            "Debian as root": self._from_debian,
        }
        why_not = []
        for name, way in ways.items():
            try:
                return way(commands)
            except _NotHere as reason:
                why_not.append(f"- {name}: {reason}")
        raise ServerStartError(
            "The OpenHands agent server cannot be installed here. Tried:\n" + "\n".join(why_not),
            hint="Make Python 3.13 and git available to every user of this machine, or start a "
            f"Docker engine, or name an environment that has the agent server in {VARIABLE}.",
        )

    def _existing(self, environment: Path) -> Environment:
        python = environment / "bin" / "python"
        if not _serves(python):
            raise ServerStartError(
                f"{VARIABLE} names {environment}, but {python} cannot be run by the agent's user."
            )
        return Environment(python, env=self.env)

    def _from_python(self, commands: _Commands) -> Environment:
        if (git := self._which("git")) is None:
            raise _NotHere("git is not installed.")
        cache = self._open_cache()
        uv = self._uv(commands)
        python = next(_pythons(self.env), None) or self._fetch_python(uv, cache, commands)

        def make(folder: Path) -> None:
            self.tell(f"installing the OpenHands agent server, once, with {python}")
            _install(commands, [uv], str(python), folder, self.lock)

        name = f"python-{_digest(str(python), self.lock.read_text())}"
        environment = _kept(cache / name, make, commands)
        python = environment / "bin" / "python"
        return Environment(python, path=(str(Path(git).parent),), env=self.env)

    def _from_docker(self, commands: _Commands) -> Image:
        commands.run(["docker", "info"])
        digest = _digest(_DOCKERFILE.read_text(), self.lock.read_text())
        tag = f"{_IMAGE}:{digest}"
        if not succeeds(["docker", "image", "inspect", tag]):
            self.tell("building a Docker image for the agent server, once")
            with tempfile.TemporaryDirectory() as context:
                shutil.copy(_DOCKERFILE, Path(context, "Dockerfile"))
                shutil.copy(self.lock, Path(context, "agent-server.txt"))
                commands.run(["docker", "build", "--quiet", f"--tag={tag}", context])

        def copy_prices(folder: Path) -> None:
            folder.mkdir()
            user = f"--user={os.geteuid()}:{os.getegid()}"
            run = ("docker", "run", "--rm", "--network=none", user, f"--volume={folder}:/copy")
            copy = f"cd /opt/agent-server && cp --parents {_PRICES} /copy"
            commands.run([*run, tag, "sh", "-c", copy])

        with contextlib.suppress(_NotHere):  # the server works without our knowing its prices
            _kept(self.cache / f"image-{digest}", copy_prices, commands)
        return Image(tag, env=self.env)

    def _from_debian(self, commands: _Commands) -> Environment:
        mirror = _debian_mirror(commands)
        uv = self._uv(commands)

        def make_root(root: Path) -> None:
            self.tell(f"making a private Debian {_DEBIAN} for the agent server, once")
            _need_debootstrap(commands)
            options = ("--variant=minbase", f"--include={_DEBIAN_PACKAGES}")
            # In namespaces of its own: what it mounts is gone with it, also when it is stopped.
            commands.run([*namespaces(), "debootstrap", *options, _DEBIAN, str(root), mirror])

        def make_environment(folder: Path) -> None:
            self.tell("installing the OpenHands agent server in it, once")
            shutil.copy(uv, root / "usr/local/bin/uv")
            lock = Path("/opt", f"{folder.name}.txt")
            shutil.copy(self.lock, root / lock.relative_to("/"))
            for name in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
                if Path("/", name).is_file():
                    shutil.copyfile(Path("/", name), root / name)
            inside = [*namespaces(), "chroot", str(root), "uv"]
            _install(commands, inside, "python3", Path("/opt", folder.name), lock)
            shutil.rmtree(root / "root/.cache", ignore_errors=True)

        root = _kept(self._root, make_root, commands)
        _kept(self._in_root, make_environment, commands)
        return self._debian

    @property
    def _root(self) -> Path:
        return self.cache / f"debian-{_digest(_DEBIAN, _DEBIAN_PACKAGES)}"

    @property
    def _in_root(self) -> Path:
        return self._root / "opt" / f"agent-server-{_digest(self.lock.read_text())}"

    @property
    def _debian(self) -> Environment:
        inside = Path("/", self._in_root.relative_to(self._root))
        return Environment(inside / "bin/python", root=self._root, env=self.env)

    def _open_cache(self) -> Path:
        """The cache, or the system's where the agent's user cannot pass into the cache."""
        self.cache.mkdir(parents=True, exist_ok=True)
        if reachable(self.cache):
            return self.cache
        _SYSTEM_CACHE.mkdir(parents=True, exist_ok=True)
        return _SYSTEM_CACHE

    def _uv(self, commands: _Commands) -> str:
        if found := self._which("uv"):
            return found

        def make(folder: Path) -> None:
            commands.run([sys.executable, "-m", "venv", str(folder)])
            pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet"]
            commands.run([*pip, "--disable-pip-version-check", "uv"])

        return str(_kept(self.cache / "uv", make, commands) / "bin/uv")

    def _which(self, program: str) -> str | None:
        return shutil.which(program, path=self.env.get("PATH"))

    def _fetch_python(self, uv: str, cache: Path, commands: _Commands) -> Path:
        who = " that the agent's user can run" if as_agent() else ""
        try:
            env = {"UV_PYTHON_INSTALL_DIR": str(cache / "pythons")}
            commands.run([uv, "python", "install", _PYTHON], env)
        except _NotHere as reason:
            raise _NotHere(f"there is none{who}, and uv could not fetch one: {reason}") from None
        fetched = sorted((cache / "pythons").glob(f"cpython-{_PYTHON}*/bin/python3"))
        if not fetched or not _serves(fetched[-1]):
            raise _NotHere(f"there is none{who}, and the one that uv fetched does not run.")
        return fetched[-1]


@dataclass(frozen=True)
class _Commands:
    """Runs the commands of an installation, and ends them when the run is over."""

    stop: threading.Event
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def run(self, command: Sequence[str], env: Mapping[str, str] = {}) -> str:
        """Run one command; gives its output.

        Raises:
            _NotHere: It failed.
            ServerStartError: The run is over.
        """
        try:
            process = subprocess.Popen(
                command,
                cwd="/",
                env={**_environment(self.env), **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise _NotHere(f"{command[0]} cannot be started ({error}).") from error
        shown = " ".join(command[:3])
        with process:
            try:
                output = self._output(process).decode("utf-8", "replace")
            except subprocess.TimeoutExpired:
                raise _NotHere(f"`{shown} …` took longer than {_STEP_S} s.") from None
            finally:
                kill_group(process)
        if process.returncode != 0:
            words = " ".join(output.split())[-_MOST_SHOWN:]
            raise _NotHere(f"`{shown} …` failed: {words or process.returncode}")
        return output

    def pause(self) -> None:
        """Wait a moment, unless the run is over."""
        if self.stop.wait(_LOOK_S):
            raise ServerStartError("The run ended while the agent server was being installed.")

    def _output(self, process: subprocess.Popen[bytes]) -> bytes:
        deadline = time.monotonic() + _STEP_S
        while True:
            try:
                return process.communicate(timeout=_LOOK_S)[0]
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise
                self.pause()


def _kept(folder: Path, make: Callable[[Path], None], commands: _Commands) -> Path:
    """Make a folder once for all runs: beside its place, and moved there when it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        while not _locked(lock.fileno()):
            commands.pause()
        if not folder.exists():
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            make(partial)
            partial.rename(folder)
    return folder


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _install(commands: _Commands, uv: Sequence[str], python: str, folder: Path, lock: Path) -> None:
    # Relocatable: it is made beside its place.
    commands.run([*uv, "venv", "--quiet", "--relocatable", "--python", python, str(folder)])
    into = ("--python", str(folder / "bin/python"), "--compile-bytecode")
    # Without what the lock leaves out on purpose: locks/agent-server.excludes.
    exactly = ("--no-deps", "--require-hashes", "-r", str(lock))
    commands.run([*uv, "pip", "install", "--quiet", *into, *exactly])


def _pythons(env: Mapping[str, str]) -> Iterator[Path]:
    """Interpreters of this machine that really run, best first.

    The server answers better on 3.13 and newer, where its number of threads can be set.
    """
    path = env.get("PATH")
    names = ("python3.13", "python3.14", "python3.12", "python3")
    on_path = (Path(found) for name in names if (found := shutil.which(name, path=path)))
    pyenv = Path(env.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    by_pyenv = sorted(pyenv.glob("3.1[2-4].*/bin/python3"), key=_by_preference)
    # That a name is on PATH says little: a shim of pyenv runs only where its version is chosen.
    return (python for python in (*on_path, *by_pyenv) if _serves(python))


def _by_preference(python: Path) -> int:
    return ("3.13", "3.14", "3.12").index(python.parent.parent.name[:4])


def _serves(python: Path) -> bool:
    return succeeds([*as_agent(), str(python), "-I", "-c", _RUNS])


def _need_debootstrap(commands: _Commands) -> None:
    if shutil.which("debootstrap", path=_SYSTEM_PATH) is None:
        commands.run(["apt-get", "--quiet", "update"])
        quietly = ("--yes", "--quiet", "--no-install-recommends")
        commands.run(["apt-get", "install", *quietly, "debootstrap"])


def _debian_mirror(commands: _Commands) -> str:
    """The mirror that this machine itself is kept up to date from."""
    if os.geteuid() != 0:
        raise _NotHere("this process is not root.")
    if not namespaces():
        raise _NotHere("the kernel refuses mounts to this process (unshare --mount failed).")
    found = re.search(r"^VERSION_CODENAME=(\w+)", _read("/etc/os-release"), re.MULTILINE)
    if found is None or not _read("/etc/debian_version"):
        raise _NotHere("this machine does not run Debian.")
    only = (f"Codename: {found[1]}", "Component: main", "Identifier: Packages", "Origin: Debian")
    ask = ["apt-get", "indextargets", "--format", "$(REPO_URI)", *only]
    mirrors = commands.run(ask)
    if not mirrors:  # apt knows them only once it has fetched their lists
        commands.run(["apt-get", "--quiet", "update"])
        mirrors = commands.run(ask)
    if not mirrors:
        raise _NotHere("apt names no Debian mirror of this release.")
    return mirrors.splitlines()[0]


def _read(path: str) -> str:
    return Path(path).read_text("utf-8") if Path(path).is_file() else ""


def pinned_version() -> str:
    """The version of the agent server that is installed; known without starting one."""
    found = re.search(r"^openhands-agent-server==(\S+)", _lock().read_text(), re.MULTILINE)
    assert found is not None  # noqa: S101 - the lock is ours
    return found[1]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def price_lists(cache: Path, env: Mapping[str, str]) -> list[Path]:
    """LiteLLM's lists of prices, of the agent servers on this machine, the newest first.

    Args:
        cache: Where they were installed, if not into the system's cache.
        env: The environment of this process; it may name an environment to use instead.
    """
    given = env.get(VARIABLE)
    environments = [Path(given)] if given else _environments_in(cache, _SYSTEM_CACHE)
    found = [prices for environment in environments for prices in environment.glob(_PRICES)]
    return sorted(found, key=lambda path: -path.stat().st_mtime)


def _environments_in(*caches: Path) -> list[Path]:
    return [found for cache in caches for name in _ENVIRONMENTS for found in cache.glob(name)]


def _environment(env: Mapping[str, str]) -> Mapping[str, str]:
    """What installing may see of our environment: how to get out and where packages are."""
    wanted = re.compile(r"(?i)(UV|PIP|SSL|DOCKER)_.*|HOME|LANG|.*_PROXY|REQUESTS_CA_BUNDLE|XDG_.*")
    passed = {name: value for name, value in env.items() if wanted.fullmatch(name)}
    if index := passed.get("PIP_INDEX_URL"):
        passed.setdefault("UV_DEFAULT_INDEX", index)
    path = f"{env.get('PATH', '')}:{_SYSTEM_PATH}"
    return {**passed, "PATH": path, "DEBIAN_FRONTEND": "noninteractive"}
