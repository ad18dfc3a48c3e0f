"""What a release is built by and pushed to: a BuildKit of its own, and a registry on loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from support import go
from support.container import CACHE

BUILDKIT = ("github.com/moby/buildkit@v0.34.2", "./cmd/buildkitd")
BUILDX = ("github.com/docker/buildx@v0.38.2", "./cmd/buildx")
REGISTRY = ("github.com/distribution/distribution/v3@v3.1.2", "./cmd/registry")
SYFT = ("github.com/anchore/syft@v1.57.1", "./cmd/syft")
_STEP_S = 1800
_START_S = 60


# BuildKit's protocol for scanners: docs/attestations/sbom-protocol.md in moby/buildkit.
_SCAN = """#!/bin/sh
set -eu
export SYFT_CHECK_FOR_APP_UPDATE=false
{
    printf '{"_type":"https://in-toto.io/Statement/v0.1",'
    printf '"predicateType":"https://spdx.dev/Document","predicate":'
    /syft scan "dir:$BUILDKIT_SCAN_SOURCE" --quiet --output=spdx-json
    printf '}'
} > "$BUILDKIT_SCAN_DESTINATION/$(basename "$BUILDKIT_SCAN_SOURCE").spdx.json"
"""


@dataclass(frozen=True)
class Buildx:
    """The client, with its settings in a folder of its own."""

    program: Path
    settings: Path

    def __call__(self, *args: str) -> str:
        """Run a command; gives what it says."""
        done = subprocess.run(
            [self.program, *args],
            env={**os.environ, "BUILDX_CONFIG": str(self.settings)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_STEP_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout


@contextmanager
def buildx(folder: Path) -> Iterator[Buildx]:
    """A builder whose steps are on the host's network; what it built is kept for the next time."""
    client = Buildx(go.program(*BUILDX), folder / "buildx")
    address = f"unix://{folder}/buildkit.sock"
    command = [
        # What it mounts is gone with it.
        *("unshare", "--mount"),
        str(go.program(*BUILDKIT)),
        f"--addr={address}",
        f"--root={CACHE / 'buildkit'}",
        "--oci-worker-net=host",
    ]
    with _started(command, CACHE / "buildkitd.log"):
        client("create", "--use", "--bootstrap", "--driver=remote", address)
        yield client


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """The address of a registry whose images are gone with the folder."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    settings = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": "{}:{}".format(*address)},
    }
    (folder / "registry.yml").write_text(json.dumps(settings))
    command = [str(go.program(*REGISTRY)), "serve", str(folder / "registry.yml")]
    with _started(command, CACHE / "registry.log") as process:
        deadline = time.monotonic() + _START_S
        while not _answers(address):
            assert process.poll() is None, "the registry ended"
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.1)
        yield settings["http"]["addr"]


def publish_scanner(client: Buildx, folder: Path, base: str, name: str) -> None:
    """Push an image that lists packages with syft, as Docker's own scanner does."""
    shutil.copy(go.program(*SYFT), folder / "syft")
    (folder / "scan").write_text(_SCAN)
    (folder / "scan").chmod(0o755)
    (folder / "Dockerfile").write_text(f'FROM {base}\nCOPY syft scan /\nENTRYPOINT ["/scan"]\n')
    client("build", "--push", f"--tag={name}", str(folder))


def _answers(address: tuple[str, int]) -> bool:
    with suppress(OSError), socket.create_connection(address):
        return True
    return False


@contextmanager
def _started(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
