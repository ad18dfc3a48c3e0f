"""Programs that are to be had as source of a Go module, where Go is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from support.container import ROOT, SHARED

_BUILD_S = 1200


def not_run(reason: str) -> NoReturn:
    """Tell a test as not run; where all have to be, as with ``E2E_COMPLETE``, as failed."""
    if os.environ.get("E2E_COMPLETE"):
        pytest.fail(f"not run, and E2E_COMPLETE is set: {reason}")
    pytest.skip(f"not run: {reason}")


def is_built(module: str) -> bool:
    """Whether a module's program is in the cache already."""
    return (SHARED / "go" / module / "program").exists()


def program(module: str, package: str = ".") -> Path:
    """A package of a module, built once into the cache; without Go the test is told as not run."""
    if shutil.which("go") is None:
        not_run(f"{module} is built by Go's own client, and there is no Go here")
    done = subprocess.run(
        [ROOT / "scripts" / "go-program", module, package],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_BUILD_S,
    )
    return Path(done.stdout.strip())
