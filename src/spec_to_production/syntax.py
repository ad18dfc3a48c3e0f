"""Reading Python code, from several threads."""

from __future__ import annotations

import ast
import re
import threading

_LOCK = threading.Lock()
_END_OF_LINE = re.compile(r"\r\n?|\n")


def parse(source: str | bytes) -> ast.Module:
    """The tree of a module.

    CPython counts the depth of the tree that it makes in one place for all threads, and breaks
    when the garbage collector lets another one go on in between (``SystemError: AST constructor
    recursion depth mismatch``); so they take turns.

    Raises:
        SyntaxError: It is no Python.
        ValueError: It holds a null byte.
    """
    with _LOCK:
        return ast.parse(source)


def lines_of(source: str) -> list[str]:
    """The lines of a module, without their ends, as Python numbers them.

    ``str.splitlines`` also ends one at a form feed and at other marks that may stand in a line.
    """
    *lines, rest = _END_OF_LINE.split(source)
    return [*lines, rest] if rest else lines
