"""Programs that are to be had as source of a Go module, where Go is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.container import ROOT

_BUILD_S = 1200


def program(module: str, package: str = ".") -> Path:
    """A package of a module, built once into the cache; without Go the test is told as not run."""
    if shutil.which("go") is None:
        pytest.skip(f"not run: {module} is built by Go's own client, and there is no Go here")
    done = subprocess.run(
        [ROOT / "scripts" / "go-program", module, package],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_BUILD_S,
    )
    return Path(done.stdout.strip())
