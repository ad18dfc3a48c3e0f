"""Environment files on disk."""

from __future__ import annotations

import os
from pathlib import Path

from envfile.parser import parse


def load(path: Path | str, *, override: bool = False) -> list[str]:
    """Set what a file says in the environment of this process; returns the names it set."""
    values = parse(Path(path).read_text(encoding="utf-8"), os.environ)
    new = [name for name in values if override or name not in os.environ]
    os.environ.update({name: values[name] for name in new})
    return new
