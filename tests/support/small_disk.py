"""A disk that is full soon, for a run's folder."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from spec_to_production.namespaces import own_mounts

needs_mounts = pytest.mark.skipif(
    os.geteuid() != 0 or not own_mounts(), reason="a small disk has to be mounted"
)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder on a disk of its own, which other users may pass through."""
    with tempfile.TemporaryDirectory(prefix="s2p-") as folder:
        options = "size=64m,nr_inodes=20k,mode=0711"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> None:
    """Write until nothing fits any more."""
    with suppress(OSError), (disk / "what others wrote").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * (1 << 16))
