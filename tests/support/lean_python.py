"""A Python of its own for tests that are run many times over."""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

_NEEDED = (
    "pytest",
    "pluggy",
    "iniconfig",
    "packaging",
    "pygments",
    "coverage",
    "time-machine",
    "hypothesis",
    "sortedcontainers",
    # A component of records, which are tested as such.
    "pydantic",
    "pydantic-core",
    "annotated-types",
    "typing-extensions",
    "typing-inspection",
)


def make_lean_python(folder: Path) -> Path:
    """An environment with what a component's tests need, as links into this one.

    The plugins of the tool's own tests have no part there: each of many interpreters would load
    them, which takes longer than the rest of its start.
    """
    real = Path(sys.executable).resolve()
    library = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    for name in ("bin", library):
        (folder / name).mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {real.parent}\n")
    (folder / "bin/python").symlink_to(real)
    for name in _NEEDED:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            (folder / library / top).symlink_to(found.locate_file(top))
    return folder / "bin/python"
