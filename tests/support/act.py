"""act, which runs a repository's workflows without GitHub: https://github.com/nektos/act."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support.container import ROOT

VERSION = "v0.2.89"
BIN = ROOT / ".cache" / "act"
ACTION_IMAGE = "act-dockeraction:latest"
"""What act calls the image of ``uses: ./``, and does not build again when told so."""

_INSTALL_S = 600


def installed() -> Path | None:
    """The program, which Go's own client builds once into the cache; ``None`` without Go."""
    program = BIN / VERSION / "act"
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        return None
    subprocess.run(
        [go, "install", f"github.com/nektos/act@{VERSION}"],
        env={**os.environ, "GOBIN": str(program.parent)},
        check=True,
        timeout=_INSTALL_S,
    )
    return program
