"""A Docker engine, the action's image, and a runner that starts it as GitHub's does.

A machine's own engine is used where one answers. On Debian as root, where none does, one is
installed and started for the tests and stopped after them; the base image, which may be out of
reach there, is then made by debootstrap.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from spec_to_production.settings import cache_folder

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "e2e"
SHARED = cache_folder()
"""What is made once for all clones on a machine."""
(BASE,) = re.findall(r"^ARG BASE_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
DEBIAN_BASE = "spec-to-production-base:trixie"
# Newer releases have the client and BuildKit apart.
DOCKER_PACKAGES = r"^docker(\.io|-cli|-buildx)$"
DEBIAN_PACKAGES = "ca-certificates,python3,python3-venv"
# As in Docker's own slim images: packages leave their documentation out.
DEBIAN_SLIM = "".join(f"path-exclude /usr/share/{name}/*\n" for name in ("doc", "man", "locale"))
_SOCKET = "/var/run/docker.sock"
_STEP_S = 1800


class Unavailable(Exception):  # noqa: N818
    """There is no Docker engine here, and none can be had; the text says why."""


@dataclass(frozen=True)
class Docker:
    """A Docker client that has an engine to talk to.

    Attributes:
        command: The client, as the first words of a command line.
        host: The engine's address, where it is not the one that clients go to by themselves.
    """

    command: tuple[str, ...] = ("docker",)
    host: str | None = None

    def __call__(self, *args: str, stdin: Path | None = None) -> str:
        """Run a command of the client; an error shows all that it said."""
        with ExitStack() as stack:
            source = stack.enter_context(stdin.open("rb")) if stdin else subprocess.DEVNULL
            done = subprocess.run(
                [*self.command, *args],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=_STEP_S,
                check=False,
            )
        if done.returncode:
            raise Unavailable(f"docker {' '.join(args)}:\n{done.stdout[-4000:]}")
        return done.stdout

    def answers(self) -> bool:
        try:
            self("version")
        except (Unavailable, OSError):
            return False
        return True

    def socket_mount(self) -> Sequence[str]:
        """Every container action has the engine's socket, where the engine has one here."""
        address = self.host or os.environ.get("DOCKER_HOST") or f"unix://{_SOCKET}"
        socket = Path(address.removeprefix("unix://"))
        return [f"--volume={socket}:{_SOCKET}"] if socket.is_socket() else []

    def has(self, image: str) -> bool:
        try:
            self("image", "inspect", image)
        except Unavailable:
            return False
        return True


@contextmanager
def engine() -> Iterator[Docker]:
    """The machine's engine, or one for these tests alone."""
    machines_own = Docker()
    if machines_own.answers():
        yield machines_own
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Unavailable("no Docker engine answers, and only root on Debian can start one here")
    if shutil.which("dockerd") is None:
        _install(DOCKER_PACKAGES)
    with _started_engine() as ours:
        yield ours


@contextmanager
def _started_engine() -> Iterator[Docker]:
    data = CACHE / "docker"
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dockerd-") as folder:
        socket = f"unix://{folder}/docker.sock"
        log = (CACHE / "dockerd.log").open("wb")
        process = subprocess.Popen(
            [
                # What it mounts is gone with it.
                *("unshare", "--mount"),
                "dockerd",
                "--iptables=false",
                "--ip6tables=false",
                "--bridge=none",
                f"--data-root={data}",
                f"--exec-root={folder}/exec",
                f"--pidfile={folder}/pid",
                f"--host={socket}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        docker = Docker(("/usr/bin/docker", f"--host={socket}"), socket)
        try:
            deadline = time.monotonic() + 60
            while not docker.answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Unavailable(f"dockerd did not start; see {log.name}")
                time.sleep(0.2)
            yield docker
        finally:
            process.terminate()
            process.wait(60)
            log.close()


def build(docker: Docker, target: str, *, buildkit: bool = True) -> str:
    """Build a target of the Dockerfile, by BuildKit or by what came before; gives its name."""
    name = f"spec-to-production-e2e:{target}{'' if buildkit else '-legacy'}"
    builder = replace(docker, command=("env", f"DOCKER_BUILDKIT={buildkit:d}", *docker.command))
    builder(
        "build",
        "--network=host",
        f"--build-arg=BASE_IMAGE={base(docker)}",
        f"--target={target}",
        f"--tag={name}",
        str(ROOT),
    )
    return name


def base(docker: Docker) -> str:
    """The image that the Dockerfile asks for, or Debian's own Python where it is out of reach."""
    for name in (BASE, DEBIAN_BASE):
        if docker.has(name):
            return name
    try:
        docker("pull", "--quiet", BASE)
    except Unavailable:
        _import_debian(docker)
        return DEBIAN_BASE
    return BASE


def _import_debian(docker: Docker) -> None:
    # A machine behind a proxy of its own has certificates of its own.
    own = sorted(Path("/usr/local/share/ca-certificates").glob("*.crt"))
    made_of = [DEBIAN_PACKAGES, DEBIAN_SLIM, *(path.read_text() for path in own)]
    key = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:16]
    archive = SHARED / f"e2e-base-{key}.tar"
    if not archive.exists():
        _make_debian(archive, own)
    trust = "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
    docker("import", f"--change={trust}", str(archive), DEBIAN_BASE)


def _make_debian(archive: Path, certificates: Sequence[Path]) -> None:
    if shutil.which("debootstrap") is None:
        _install("debootstrap")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="debian-", dir=archive.parent) as folder:
        root, packed = Path(folder, "root"), Path(folder, "root.tar")
        _do("debootstrap", "--variant=minbase", f"--include={DEBIAN_PACKAGES}", "trixie", str(root))
        (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(DEBIAN_SLIM)
        for own in certificates:
            shutil.copy(own, root / "usr/local/share/ca-certificates")
        _do("chroot", str(root), "update-ca-certificates")
        _do("chroot", str(root), "apt-get", "clean")
        _do("tar", f"--directory={root}", "--create", f"--file={packed}", ".")
        packed.rename(archive)


def _install(package: str) -> None:
    _do("apt-get", "update", "--quiet")
    _do("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", package)


def _do(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=_STEP_S,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"{' '.join(command)}:\n{done.stdout[-4000:]}")


def _client_settings() -> Mapping[str, str]:
    """What the Docker client goes by: ``HOME``, where it looks for the rest, is the step's."""
    config = {"DOCKER_CONFIG": str(Path.home() / ".docker")}
    names = (name for name in os.environ if name == "PATH" or name.startswith("DOCKER_"))
    return config | {name: os.environ[name] for name in names}


def _empty_inputs() -> Mapping[str, str]:
    """What the runner sets for inputs that a workflow leaves out."""
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    return {f"INPUT_{name.upper()}": "" for name in action["inputs"]}


@dataclass(frozen=True)
class Runner:
    """Starts a container as ``ContainerActionHandler`` of actions/runner does.

    Attributes:
        folder: Holds the job's folders: ``workspace``, ``home``, ``workflow``, ``file_commands``
            and ``runner_temp``.
    """

    docker: Docker
    image: str
    folder: Path

    @contextmanager
    def start(self, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
        """The running step; its output is the log. On leaving the block its container is gone."""
        mounts = ("workspace", "home", "workflow", "file_commands", "runner_temp")
        paths = {
            "HOME": "/github/home",
            "GITHUB_WORKSPACE": "/github/workspace",
            "GITHUB_EVENT_PATH": "/github/workflow/event.json",
            "GITHUB_OUTPUT": "/github/file_commands/output",
            "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
            "RUNNER_TEMP": "/github/runner_temp",
            "GITHUB_ACTIONS": "true",
            "CI": "true",
        }
        given = {**_empty_inputs(), **env, **paths}
        name = f"spec-to-production-e2e-{uuid.uuid4().hex[:12]}"
        command = [
            *self.docker.command,
            "run",
            f"--name={name}",
            "--workdir=/github/workspace",
            "--rm",
            *(part for variable in given for part in ("-e", variable)),
            *(f"--volume={self.folder / mount}:/github/{mount}" for mount in mounts),
            *self.docker.socket_mount(),
            # Where the runner puts it on a network of the job's, the tests' servers are here.
            "--network=host",
            self.image,
        ]
        process = subprocess.Popen(
            command,
            # Values travel in the client's own environment, so that they may have several lines.
            env={**_client_settings(), **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()
            if self.docker("ps", "--all", "--quiet", f"--filter=name={name}").strip():
                self.docker("rm", "--force", name)

    def containers(self) -> Sequence[str]:
        """What is left of this image's containers."""
        return self.docker("ps", "--all", "--quiet", f"--filter=ancestor={self.image}").split()


def cancel(_: Runner, process: subprocess.Popen[str]) -> tuple[int, float]:
    """End a step as the runner does; gives its exit code and how long it took, in seconds."""
    started = time.monotonic()
    for signum, patience_s in ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5)):
        process.send_signal(signum)
        try:
            return process.wait(patience_s), time.monotonic() - started
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.wait(), time.monotonic() - started


def stop(runner: Runner, process: subprocess.Popen[str]) -> tuple[int, float]:
    """End a step as ``docker stop`` does, by SIGTERM alone; gives what :func:`cancel` gives."""
    started = time.monotonic()
    runner.docker("stop", *runner.containers())
    return process.wait(), time.monotonic() - started
