"""Mutants of a component: where they are, what they change and how a run puts them in place."""

from __future__ import annotations

import ast
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spec_to_production import syntax
from spec_to_production.verification.declarations import (
    free_order,
    other_classes,
    other_decorators,
    other_default,
    other_value,
    self_description,
)
from spec_to_production.verification.nulls import is_replaced
from spec_to_production.verification.operators import (
    logs,
    own_class,
    swallowing,
    unlogged,
    variants,
)
from spec_to_production.verification.variant import Variant, is_off_limits

_DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef
_NOT_CODE = {"annotation", "returns", "decorator_list", "type_params", "format_spec"}


@dataclass(frozen=True)
class Mutant:
    """One small mistake in one place.

    Attributes:
        id: ``path:line what changed``; unique, and the same in every run.
        statement: First and last line of the statement that it is in; without its body.
        function: The qualified name of the function that it changes; empty for a change of a
            module, a class or a function's head.
        constant: The name whose value it changes, where only functions read it, when they are
            called.
        first: First line of the changed function or statement, decorators included.
        last: Its last line.
        text: What stands there instead, not indented.
        nulling: It only takes something away; see :class:`variant.Variant`.
        other_error: It raises another exception.
        unscored: Few tests have to notice it, as a line of a log that is left out: it does not
            count in the score.
    """

    id: str
    path: str
    line: int
    statement: tuple[int, int]
    function: str
    first: int
    last: int
    text: str
    nulling: bool
    other_error: bool = False
    unscored: bool = False
    constant: str = ""

    @property
    def needs_import(self) -> bool:
        """Whether only a new import of its module shows it."""
        return not self.function and not self.constant

    @property
    def left_by_nulls(self) -> bool:
        """Whether it lies in code that null implementations leave in place."""
        return not self.function or not is_replaced(self.function)

    def module_source(self, source: str) -> str:
        """The whole module with this mutant."""
        lines = syntax.lines_of(source)
        original = lines[self.first - 1]
        indent = original[: len(original) - len(original.lstrip())]
        changed = textwrap.indent(self.text, indent)
        return "\n".join([*lines[: self.first - 1], changed, *lines[self.last :], ""])

    def piece(self) -> str:
        """The changed statement alone; a function nested in classes as in its module."""
        text = self.text
        for owner in reversed(self.function.split(".")[:-1]):
            text = f"class {owner}:\n{textwrap.indent(text, '    ')}"
        return text


def mutants_of(path: str, source: str) -> list[Mutant]:
    """All mutants of a module, in the order of the source: none twice, none without a change."""
    found: dict[tuple[int, str], Mutant] = {}
    tree = syntax.parse(source)
    constants = _constants(tree)
    for unit, function in _units(tree.body, ""):
        (first, last), as_it_is = _span(unit), ast.unparse(unit)
        for site in _sites(unit, function):
            text = _edited(unit, site)
            if text not in (None, as_it_is):
                line = getattr(site.node, "lineno", site.statement.lineno)
                mutant = Mutant(
                    id=f"{path}:{line} {site.variant.description}",
                    path=path,
                    line=line,
                    statement=_head(site.statement),
                    function=function,
                    first=first,
                    last=last,
                    text=text,
                    nulling=site.variant.nulling,
                    other_error=site.variant.other_error,
                    unscored=site.variant.unscored,
                    constant=constants.get(unit, ""),
                )
                found.setdefault((first, text), mutant)
    return _numbered(list(found.values()))


def _units(body: Sequence[ast.stmt], owner: str) -> Iterator[tuple[ast.stmt, str]]:
    """The pieces that are replaced as a whole, each with its function's name or ''."""
    for node in body:
        if is_off_limits(node) and self_description(node) is None:
            continue
        if isinstance(node, _DEFINITION):
            yield node, f"{owner}{node.name}"
            yield node, ""  # its head: defaults and decorators
        elif isinstance(node, ast.ClassDef):
            yield node, ""  # its decorators, bases and fields
            yield from _units(node.body, f"{owner}{node.name}.")
        else:
            yield node, ""


def _constants(tree: ast.Module) -> dict[ast.stmt, str]:
    """Assignments at the top whose value nothing takes over while the module is imported, with
    the name that they bind.

    Only functions read it, each time that they are called; so a new value shows at once.
    """
    nodes = list(_run_by_import(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.name for node in tree.body if isinstance(node, _DEFINITION | ast.ClassDef)}
    called = [
        part
        for node in nodes
        for call in ([node] if isinstance(node, ast.Call) else getattr(node, "decorator_list", []))
        for part in ast.walk(call)
    ]
    if any(isinstance(part, ast.Name) and part.id in own for part in called):
        return {}  # a function of the module runs, and may read anything
    bound_once = {
        name
        for name, count in Counter(node.id for node in names).items()
        if count == 1 and name not in own
    }
    bound = {statement: _bound_by(statement) for statement in tree.body}
    return {statement: name for statement, name in bound.items() if name in bound_once}


def _run_by_import(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a module but the bodies of functions."""
    for field, value in ast.iter_fields(node):
        if isinstance(node, _DEFINITION) and field == "body":
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _run_by_import(child)


def _bound_by(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


@dataclass(frozen=True)
class _Site:
    """A node in a field of its owner, the statement around it, and what could stand there."""

    owner: ast.AST
    field: str
    index: int | None
    node: ast.AST
    statement: ast.stmt
    variant: Variant


def _sites(unit: ast.stmt, function: str) -> Iterator[_Site]:
    if isinstance(unit, ast.ClassDef):
        yield from _in_decorators(unit)
        for field, index, variant in other_classes(unit):
            yield _Site(unit, field, index, getattr(unit, field)[index], unit, variant)
        return
    if not isinstance(unit, _DEFINITION):
        yield from _around_functions(unit)
        return
    if not function:
        yield from _in_head(unit)
        return
    manages = any("contextmanager" in ast.unparse(one) for one in unit.decorator_list)
    for index, statement in enumerate(unit.body):
        yield from _at(unit, "body", index, statement, statement)
        if manages and isinstance(getattr(statement, "value", None), ast.Yield):
            yield _Site(unit, "body", index, statement, statement, swallowing(statement))
    yield from _of_own_class(unit, function.rpartition(".")[0])


def _of_own_class(unit: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Iterator[_Site]:
    for statement in unit.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and (other := own_class(node.func, owner)):
                yield _Site(node, "func", None, node.func, statement, other)


def _in_head(unit: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[_Site]:
    for group in ("defaults", "kw_defaults"):
        for index, default in enumerate(getattr(unit.args, group)):
            if default is not None:
                yield from _at(unit.args, group, index, default, unit)
                if (other := other_default(default)) is not None:
                    yield _Site(unit.args, group, index, default, unit, other)
    if (free := free_order(unit.args)) is not None:
        yield _Site(unit, "args", None, unit.args, unit, free)
    yield from _in_decorators(unit)


def _around_functions(unit: ast.stmt) -> Iterator[_Site]:
    described = self_description(unit)
    if (other := described or other_value(unit)) is not None:
        yield _Site(unit, "value", None, unit.value, unit, other)  # type: ignore[attr-defined]
    if described is None:
        yield from _below(unit, unit)


def _in_decorators(unit: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[_Site]:
    for index, decorator in enumerate(unit.decorator_list):
        for variant in other_decorators(decorator):
            yield _Site(unit, "decorator_list", index, decorator, unit, variant)
        yield from _below(decorator, unit)


def _at(
    owner: ast.AST, field: str, index: int | None, node: ast.AST, statement: ast.stmt
) -> Iterator[_Site]:
    if is_off_limits(node):
        return
    if isinstance(node, ast.stmt):
        statement = node
    if logs(node):
        yield _Site(owner, field, index, node, statement, unlogged(node))
        return
    for variant in variants(node):
        yield _Site(owner, field, index, node, statement, variant)
    if isinstance(node, _DEFINITION | ast.ClassDef):
        yield from _in_decorators(node)
    yield from _below(node, statement)


def _below(node: ast.AST, statement: ast.stmt) -> Iterator[_Site]:
    if isinstance(node, ast.Raise):
        return  # what an error says is rarely specified
    for field, value in ast.iter_fields(node):
        if field in _NOT_CODE:
            continue
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if isinstance(child, ast.AST):
                yield from _at(node, field, index, child, statement)


def _edited(unit: ast.stmt, site: _Site) -> str | None:
    """The unit's text with one node exchanged; None when that makes no Python."""
    whole = getattr(site.owner, site.field)
    if site.variant.node is site.node:
        changed: object = [one for one in whole if one is not site.node]
    elif site.index is None:
        changed = site.variant.node
    else:
        changed = [*whole[: site.index], site.variant.node, *whole[site.index + 1 :]]
    setattr(site.owner, site.field, changed)
    try:
        text = ast.unparse(unit)
        syntax.parse(text)
    except (SyntaxError, ValueError, TypeError, RecursionError):
        return None
    finally:
        setattr(site.owner, site.field, whole)
    return text


def _head(statement: ast.stmt) -> tuple[int, int]:
    first, last = _span(statement)
    body = getattr(statement, "body", None)
    return first, max(first, body[0].lineno - 1) if body else last


def _span(unit: ast.stmt) -> tuple[int, int]:
    decorators = getattr(unit, "decorator_list", [])
    first = min([unit.lineno, *(decorator.lineno for decorator in decorators)])
    return first, unit.end_lineno or unit.lineno


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    """The mutants, those whose ids would be the same told apart by a number."""
    seen = Counter[str]()
    unique = []
    for mutant in mutants:
        seen[mutant.id] += 1
        count = seen[mutant.id]
        unique.append(mutant if count == 1 else replace(mutant, id=f"{mutant.id} ({count})"))
    return unique
