"""Reading Python code, from several threads."""

from __future__ import annotations

import ast
import threading

_LOCK = threading.Lock()


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
