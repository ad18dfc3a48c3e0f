"""Folders as nobody makes them by hand."""

from __future__ import annotations

import os
from pathlib import Path

_DEEP = 3000  # more than any path may have, and than functions may call each other


def dig(folder: Path) -> None:
    """Make a folder in a folder, and so on."""
    deep = os.open(folder, os.O_RDONLY)
    for _ in range(_DEEP):
        os.mkdir("d", dir_fd=deep)
        deep, above = os.open("d", os.O_RDONLY, dir_fd=deep), deep
        os.close(above)
    os.close(deep)
