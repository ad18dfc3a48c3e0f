"""Which Python files of a repository are source worth testing, and which are tests."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from spec_to_production import syntax

_SKIPPED_FOLDERS = {"__pycache__", "node_modules", "site-packages"}
_TEST_FOLDERS = {"test", "tests"}
_NOT_SOURCE_FOLDERS = _TEST_FOLDERS | {"migrations"}
_NOT_SOURCE_FILES = {"conftest.py", "setup.py", "noxfile.py"}
_BEHAVIOUR = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_STATEMENTS = (ast.For, ast.While, ast.With)


def python_files(folder: Path, root: Path) -> Iterator[str]:
    """Every Python file below a folder, as paths from the root, in a stable order.

    Links are not followed; hidden folders, virtual environments and names that cannot be printed,
    which nothing can import, are left out.
    """
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not _is_skipped(here / name))
        for name in sorted(files):
            plain = name.isprintable() and not (here / name).is_symlink()
            if name.endswith(".py") and plain:
                yield (here / name).relative_to(root).as_posix()


def is_test_file(path: str) -> bool:
    """Whether pytest would look for tests in a file of this name."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def is_source(path: str, *, below: str = ".") -> bool:
    """Whether a path is source rather than tests, migrations or set-up.

    Args:
        path: A Python file, from the repository's root.
        below: The folder that the user named: only what is deeper can exclude a file.
    """
    inner = PurePosixPath(path).relative_to(below)
    folders = set(inner.parts[:-1])
    return not (
        folders & _NOT_SOURCE_FOLDERS or inner.name in _NOT_SOURCE_FILES or is_test_file(path)
    )


def has_behaviour(source: bytes) -> bool:
    """Whether there is anything to test: a function, a class, a loop.

    Empty files, re-exports and plain data have none. A file that this Python cannot parse may
    be one for another version, so it counts.
    """
    try:
        tree = syntax.parse(source)
    except (SyntaxError, ValueError):
        return True
    return any(isinstance(node, _BEHAVIOUR) for node in ast.walk(tree)) or any(
        isinstance(statement, _STATEMENTS) for statement in tree.body
    )


def _is_skipped(folder: Path) -> bool:
    name = folder.name
    hidden = name.startswith(".") or name in _SKIPPED_FOLDERS or not name.isprintable()
    return hidden or (folder / "pyvenv.cfg").is_file()
