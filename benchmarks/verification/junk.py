"""Components whose public functions return junk, or raise: what a vacuous test does not notice."""

from __future__ import annotations

import ast
from pathlib import Path

KINDS = ("raising", "truthy", "falsy")

JUNK = '''
class _NotImplemented(BaseException):
    pass


class _Junk:
    """Takes part in everything and means nothing."""

    def __init__(self, truth):
        self._truth = truth

    def __bool__(self):
        return self._truth

    def __call__(self, *args, **kwargs):
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key):
        return self

    def __iter__(self):
        return iter([self] if self._truth else [])

    def __next__(self):
        raise StopIteration

    def __len__(self):
        return int(self._truth)

    def __contains__(self, item):
        return self._truth

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return None

    def __await__(self):
        return self
        yield

    def _self(self, *args):
        return self

    def _yes(self, other):
        return True

    def _number(self):
        return int(self._truth)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _self
    __rtruediv__ = __floordiv__ = __mod__ = __neg__ = __abs__ = __or__ = __and__ = _self
    __lt__ = __le__ = __gt__ = __ge__ = _yes
    __int__ = __index__ = _number

    def __float__(self):
        return float(self._truth)


_JUNK = _Junk({truth})
'''


def replace_with_junk(source: Path, kind: str) -> None:
    """Rewrite a module, or all modules of a package, in place."""
    modules = [source] if source.is_file() else sorted(source.rglob("*.py"))
    for module in modules:
        tree = _Emptied(kind).visit(ast.parse(module.read_text(encoding="utf-8")))
        junk = ast.parse(JUNK.replace("{truth}", str(kind == "truthy"))).body
        futures = [each for each in tree.body if _comes_first(each)]
        tree.body = futures + junk + [each for each in tree.body if not _comes_first(each)]
        module.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")


def _comes_first(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


class _Emptied(ast.NodeTransformer):
    """Public functions and methods without their bodies; dunders stay."""

    def __init__(self, kind: str) -> None:
        body = "raise _NotImplemented" if kind == "raising" else "return _JUNK"
        self._body = ast.parse(body).body

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if not node.name.startswith("_"):
            node.body = self._body
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        if not node.name.startswith("_"):
            node.body = self._body
        return node
