"""Mistakes in what stands around the bodies of functions: constants, classes, heads, decorators."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spec_to_production.verification.variant import (
    STAND_INS,
    Variant,
    becoming,
    changed,
    helped,
    holds_constant,
    is_off_limits,
    text_of,
)

_KEEPS_NOTHING = ast.parse("__import__('functools').lru_cache(maxsize=0)", mode="eval").body
_RECORDS = ("dataclass", "attr", "define", "frozen")
_READING = """
def __getattribute__(self, name):
    value = object.__getattribute__(self, name)
    return {stand_ins}.altered(value) if name == {name!r} else value
"""
_UNKNOWN_IS_FIRST = ast.parse(
    "@classmethod\ndef _missing_(cls, value):\n    return next(iter(cls))"
).body
_STRUCTURAL = ("property", "setter", "getter", "overload", "abstractmethod", "dataclass")
_CACHES = {"cache", "lru_cache", "functools.cache", "functools.lru_cache"}
_MAKE_THE_CLASS = (
    *("Enum", "Flag", "NamedTuple", "TypedDict", "Protocol", "Generic"),
    *("BaseModel", "Structure", "Exception", "Warning", "object"),
)


def other_value(node: ast.stmt) -> Variant | None:
    """What a module or a class gives a public name instead of a value that holds no constant, such
    as an empty list.

    Under other names a state begins that is nobody else's: what is found in it before anything was
    put there has no type, so that a test of a type would notice.
    """
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            if not name.startswith("_") and not any(map(holds_constant, ast.walk(value))):
                return Variant(helped("altered", value), f"{text_of(node)} altered")
    return None


def self_description(node: ast.AST) -> Variant | None:
    """What a module says instead of its names or its version; few specs have them."""
    match node:
        case ast.Assign(
            targets=[ast.Name(id="__all__")],
            value=ast.List(elts=[*others, last]) | ast.Tuple(elts=[*others, last]) as names,
        ):
            shorter = changed(names, elts=others)
            return Variant(shorter, f"{text_of(last)} left out of __all__", unscored=True)
        case ast.Assign(
            targets=[ast.Name(id="__version__")], value=ast.Constant(value=str()) as version
        ):
            return Variant(helped("altered", version), f"{text_of(node)} altered", unscored=True)
    return None


def other_default(node: ast.expr) -> Variant | None:
    """What a parameter has for a default instead of an object that has a name.

    It is taken away: of most, as of a function or a class, there is no other one of its kind.
    """
    if isinstance(node, ast.Name | ast.Attribute):
        return Variant(ast.Constant(None), f"default {text_of(node)} became None", nulling=True)
    return None


def free_order(arguments: ast.arguments) -> Variant | None:
    """Parameters that may be given without their names, where only names will do."""
    if not arguments.kwonlyargs or arguments.vararg:
        return None
    names = ", ".join(one.arg for one in arguments.kwonlyargs)
    defaults = [one for one in arguments.kw_defaults if one is not None]
    free = changed(
        arguments,
        args=[*arguments.args, *arguments.kwonlyargs],
        defaults=[*arguments.defaults, *defaults],
        kwonlyargs=[],
        kw_defaults=[],
    )
    return Variant(free, f"{names} taken without a name", unscored=True)


def other_classes(node: ast.ClassDef) -> Iterator[tuple[str, int, Variant]]:
    """A class without a base or its metaclass, or with other fields: where, at which place, what.

    An exception stays one. Bases without which nothing is left of the class are left in place.
    """
    for index, field in enumerate(node.body):
        for variant in _other_fields(node, field):
            yield "body", index, variant
    for index, base in enumerate(node.bases):
        name = ast.unparse(base)
        if name.endswith("Error"):
            wider = ast.Name("Exception", ast.Load())
            yield "bases", index, Variant(wider, f"{name} of {node.name} became Exception")
        elif not name.partition("[")[0].endswith(_MAKE_THE_CLASS):
            yield "bases", index, Variant(base, f"{name} removed from the bases of {node.name}")
    for index, keyword in enumerate(node.keywords):
        if keyword.arg == "metaclass":
            yield "keywords", index, Variant(keyword, f"metaclass= left out of {node.name}")


def _other_fields(owner: ast.ClassDef, field: ast.stmt) -> Iterator[Variant]:
    if isinstance(field, ast.AnnAssign) and _is_record(owner):
        yield from _other_parts(owner, field)
    if _is_enumeration(owner):
        yield from _other_members(owner, field)
    match field:
        case ast.Assign(targets=[ast.Name(id="__slots__")]):
            told = f"__slots__ left out of {owner.name}"
            yield Variant(ast.Pass(), told, unscored=True)
        case ast.Assign(targets=[ast.Name(id="__hash__")], value=ast.Constant(value=None)):
            by_identity = ast.parse("object.__hash__", mode="eval").body
            told = f"{owner.name} has a hash"
            yield Variant(changed(field, value=by_identity), told, unscored=True)


def _other_members(owner: ast.ClassDef, field: ast.stmt) -> Iterator[Variant]:
    """One of another value, one more, and one that values which belong to none give as well."""
    if other_value(field):
        yield becoming(field, value=ast.Constant(-1))
    if field is owner.body[-1]:
        found = ast.If(ast.Constant(value=True), [field, *_UNKNOWN_IS_FIRST], [])
        yield Variant(found, f"{owner.name} takes a value that it does not know for its first")
    if isinstance(field, ast.Assign) and field is _last_member(owner):
        both = ast.Tuple([*field.targets, ast.Name("another", ast.Store())], ast.Store())
        values = ast.Tuple([field.value, helped("altered", field.value)], ast.Load())
        added = changed(field, targets=[both], value=values)
        yield Variant(added, f"another member after {text_of(field.targets[0])}")


def _other_parts(owner: ast.ClassDef, field: ast.AnnAssign) -> Iterator[Variant]:
    """A part of a record that is another one, is not there, or may be anything at all."""
    name = text_of(field.target)
    reading = ast.parse(_READING.format(name=name, stand_ins=ast.unparse(STAND_INS))).body
    altered = ast.If(ast.Constant(value=True), [field, *reading], [])
    yield Variant(altered, f"{name} of {owner.name} altered")
    if _descends_from(owner, "BaseModel"):
        yield from _unchecked(field)
    elif field.value is None and owner.body[1:]:
        yield Variant(field, f"{text_of(field)} left out of {owner.name}")


def _unchecked(field: ast.AnnAssign) -> Iterator[Variant]:
    """A part of a record that says what its value has to be: of any type, or not required."""
    yield becoming(field, annotation=ast.Name("object", ast.Load()))
    match field.value:
        case None:
            yield becoming(field, value=ast.Constant(None))
        case ast.Call(args=[], keywords=named) as call:
            if not any("default" in str(keyword.arg) for keyword in named):
                yield becoming(field, value=changed(call, args=[ast.Constant(None)]))


def _is_record(node: ast.ClassDef) -> bool:
    decorators = " ".join(map(ast.unparse, node.decorator_list))
    makes_one = any(word in decorators for word in _RECORDS)
    return makes_one or _descends_from(node, "NamedTuple", "BaseModel")


def _descends_from(node: ast.ClassDef, *names: str) -> bool:
    return any(ast.unparse(base).endswith(names) for base in node.bases)


def _is_enumeration(node: ast.ClassDef) -> bool:
    return _descends_from(node, "Enum", "Flag")


def _last_member(node: ast.ClassDef) -> ast.stmt | None:
    if not _is_enumeration(node):
        return None
    members = [one for one in node.body if isinstance(one, ast.Assign) and not is_off_limits(one)]
    return members[-1] if members else None


def other_decorators(decorator: ast.expr) -> Iterator[Variant]:
    """Without it, where that leaves a sense; and a cache that keeps nothing, which can still be
    asked what it keeps.
    """
    text = ast.unparse(decorator)
    if text.endswith("cached_property"):
        yield Variant(ast.Name("property", ast.Load()), f"@{text} keeps nothing")
    elif not any(word in text for word in _STRUCTURAL):
        yield Variant(decorator, f"@{text} removed")
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if ast.unparse(called) in _CACHES:
        yield Variant(_KEEPS_NOTHING, f"@{text} keeps nothing")
