"""A folder of ours: one that this tool made, and so may hide from git, clear and write over."""

from __future__ import annotations

from pathlib import Path

_NAME = ".gitignore"
_MARK = b"# spec-to-production made this folder, and may remove what is in it.\n*\n"
"""Hides the folder, itself included: it comes with no checkout, unless somebody insisted."""


def is_ours(folder: Path) -> bool:
    """Whether a folder bears our mark, or may: it is not there yet, or holds only folders of ours.

    Raises:
        OSError: It cannot be looked at.
    """
    mark = folder / _NAME
    try:
        if mark.is_file():
            return mark.read_bytes() == _MARK
        return all(map(is_ours, folder.iterdir()))
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return False


def make(folder: Path) -> None:
    """Make a folder ours: so what is in it is no part of the checkout, and nobody commits it.

    One that holds what is somebody else's stays as it is.

    Raises:
        OSError: It cannot be made.
    """
    if is_ours(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _NAME).write_bytes(_MARK)
