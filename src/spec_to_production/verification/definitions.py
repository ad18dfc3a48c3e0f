"""Test functions as a file defines them, read as text."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spec_to_production import syntax

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Owners = tuple[ast.ClassDef, ...]

_COMMENT = re.compile(r"(?:^|\s)#.*")
_SAYS_NOTHING = "pytest.mark."
_SAYS_MUCH = ("pytest.mark.parametrize", "pytest.mark.usefixtures")


@dataclass(frozen=True)
class Function:
    """A test function of a file. ``name`` is its qualified name: ``test_x``, ``TestA.test_x``.

    ``essence`` is equal for two functions that do the same, word for word: what they stand on in
    their files belongs to it; their names, docstrings and plain marks do not. ``prose`` are its
    docstring and comments, ``around`` those of its classes, and their decorators. ``imports`` are
    the modules that it, or what it stands on, may use, and the names that it takes from them.
    """

    name: str
    line: int
    code: str
    essence: str
    prose: str = ""
    around: str = ""
    imports: frozenset[str] = frozenset()


def functions_of(tree: ast.Module, source: str) -> Iterator[Function]:
    """The test functions of a module, those in classes included."""
    bound = dict(_bindings(tree))
    for_all = [node for node in tree.body if _is_star(node)]
    everything = syntax.lines_of(source)
    for owners, node in test_nodes(tree):
        lines = everything[first_line(node) - 1 : node.end_lineno]
        comments = [*_comments_above(node, everything), *_comments_in(lines)]
        parts = _parts(owners, node)
        ground = _stood_on((node.args, *parts), bound)
        yield Function(
            name=qualified(owners, node),
            line=node.lineno,
            code="\n".join(lines),
            essence=_essence(node, parts, ground),
            prose="\n".join([*comments, ast.get_docstring(node) or ""]),
            around="\n".join(part for one in owners for part in _said_by(one, everything)),
            imports=frozenset(_imported((*parts, *ground, *for_all))),
        )


def test_nodes(tree: ast.Module) -> Iterator[tuple[Owners, FunctionNode]]:
    """The nodes of a module's test functions, each with the classes around it, outermost first."""
    return _test_nodes(tree.body, ())


def class_nodes(tree: ast.Module) -> Iterator[tuple[Owners, ast.ClassDef]]:
    """The nodes of a module's classes, each with the classes around it, outermost first."""
    waiting: list[tuple[Owners, ast.stmt]] = [((), node) for node in tree.body]
    for owners, node in waiting:
        if isinstance(node, ast.ClassDef):
            yield owners, node
            waiting += [((*owners, node), inner) for inner in node.body]


def qualified(owners: Owners, node: FunctionNode | ast.ClassDef) -> str:
    """The qualified name of a function or class."""
    return ".".join(part.name for part in (*owners, node))


def first_line(node: ast.stmt) -> int:
    """The line on which a statement begins, its decorators included."""
    decorators = node.decorator_list if isinstance(node, FunctionNode | ast.ClassDef) else []
    return min([node.lineno, *(one.lineno for one in decorators)])


def essences_in(files: Sequence[Path]) -> dict[str, str]:
    """The essence of every test in existing files, with the test's name."""
    found = {}
    for path in files:
        try:
            source = syntax.read(path)
            tree = syntax.parse(source)
        except (OSError, ValueError, SyntaxError):
            continue  # the baseline says what is wrong with it
        found.update({function.essence: function.name for function in functions_of(tree, source)})
    return found


def _said_by(owner: ast.ClassDef, lines: Sequence[str]) -> Iterator[str]:
    yield from _comments_above(owner, lines)
    yield from map(ast.unparse, owner.decorator_list)
    yield ast.get_docstring(owner) or ""


def _comments_above(node: ast.stmt, lines: Sequence[str]) -> list[str]:
    """The comments right above a definition; what is indented more ends the one before it."""
    above = reversed(lines[: first_line(node) - 1])
    start = " " * node.col_offset + "#"
    return list(itertools.takewhile(lambda line: line.expandtabs(1).startswith(start), above))[::-1]


def _comments_in(lines: Iterable[str]) -> Iterator[str]:
    return (match[0] for match in map(_COMMENT.search, lines) if match)


def _test_nodes(body: Sequence[ast.stmt], owners: Owners) -> Iterator[tuple[Owners, FunctionNode]]:
    for node in body:
        if isinstance(node, FunctionNode) and node.name.startswith("test"):
            yield owners, node
        elif isinstance(node, ast.ClassDef):
            yield from _test_nodes(node.body, (*owners, node))


def _essence(node: FunctionNode, parts: Sequence[ast.AST], ground: Sequence[ast.stmt]) -> str:
    arguments = ast.unparse(node.args).removeprefix("self").removeprefix(", ")
    return "\n".join([arguments, *map(ast.unparse, (*parts, *ground))])


def _parts(owners: Owners, node: FunctionNode) -> list[ast.AST]:
    """What a function does: its own body, and what its classes and decorators add to it."""
    around = [part for owner in owners for part in (*owner.bases, *map(_but_tests, owner.body))]
    around = [part for part in around if not isinstance(part, ast.Pass)]
    told = [one for one in node.decorator_list if _tells(ast.unparse(one))]
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return [*told, *body, *around]


def _tells(decorator: str) -> bool:
    return decorator.startswith(_SAYS_MUCH) or not decorator.startswith(_SAYS_NOTHING)


def _but_tests(node: ast.stmt) -> ast.stmt:
    is_test = isinstance(node, FunctionNode | ast.ClassDef) and node.name.lower().startswith("test")
    says_nothing = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return ast.Pass() if is_test or says_nothing else node


def _stood_on(parts: Iterable[ast.AST], bound: Mapping[str, ast.stmt]) -> list[ast.stmt]:
    """The statements of the module whose names these parts use, and so on: fixtures, too."""
    waiting, found = list(parts), dict[str, ast.stmt]()
    for part in waiting:
        for one in ast.walk(part):
            name = one.id if isinstance(one, ast.Name) else str(getattr(one, "arg", ""))
            if name in bound and name not in found:
                found[name] = bound[name]
                waiting.append(bound[name])
    return [found[name] for name in sorted(found)]


def _imported(parts: Iterable[ast.AST]) -> Iterator[str]:
    """The modules that these parts import, and what they take from them, by their full names."""
    for part in parts:
        for one in ast.walk(part):
            match one:
                case ast.Import(names=names):
                    yield from (alias.name for alias in names)
                case ast.ImportFrom(module=str(module), names=names):
                    yield module
                    yield from (f"{module}.{alias.name}" for alias in names)


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Each name that the module gives a meaning, with the statement that does."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                yield name, _importing(node, alias)
        elif isinstance(node, FunctionNode | ast.ClassDef):
            yield node.name, node
        else:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id, node


def _importing(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(node.module, [alias], node.level)
