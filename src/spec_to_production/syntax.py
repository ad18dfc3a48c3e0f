"""Reading Python code, from several threads."""

from __future__ import annotations

import ast
import re
import threading
import tokenize
from pathlib import Path

_MARK = "\ufeff"
_CODING = re.compile(r"\A((?:[ \t\f]*(?:#[^\n]*)?\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*)[-\w.]+")
_LOCK = threading.Lock()
_END_OF_LINE = re.compile(r"\r\n?|\n")


def parse(source: str | bytes) -> ast.Module:
    """The tree of a module.

    CPython counts the depth of the tree that it makes in one place for all threads, and breaks
    when the garbage collector lets another one go on in between (``SystemError: AST constructor
    recursion depth mismatch``); so they take turns. A byte order mark may stand before it.

    Raises:
        SyntaxError: It is no Python.
        ValueError: It holds a null byte.
    """
    if isinstance(source, str):
        source = without_mark(source)
    with _LOCK:
        return ast.parse(source)


def lines_of(source: str) -> list[str]:
    """The lines of a module, without their ends, as Python numbers them.

    ``str.splitlines`` also ends one at a form feed and at other marks that may stand in a line.
    """
    *lines, rest = _END_OF_LINE.split(source)
    return [*lines, rest] if rest else lines


def read(path: Path) -> str:
    """The text of a Python file, decoded as Python does it; it says UTF-8 of itself from now on.

    Raises:
        OSError: It cannot be read.
        SyntaxError: It is no text in the encoding that it names, or no such encoding is known.
    """
    try:
        with tokenize.open(path) as file:
            text = file.read()
            return text if file.encoding.startswith("utf") else _CODING.sub(r"\1utf-8", text)
    except UnicodeDecodeError as error:
        raise SyntaxError(f"it is no text in {error.encoding}") from error


def without_mark(text: str) -> str:
    """A text without the byte order mark that some editors put before it."""
    return text.removeprefix(_MARK)
