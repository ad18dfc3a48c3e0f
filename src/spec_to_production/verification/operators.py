"""The mutation operators: small mistakes that a programmer could have made."""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

_STAND_INS = ast.parse(
    "__import__('spec_to_production_runner.stand_ins').stand_ins", mode="eval"
).body
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
_OPPOSITE_FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_OPPOSITE_METHODS = {
    "lower": "upper",
    "upper": "lower",
    "popleft": "pop",
    "ljust": "rjust",
    "rjust": "ljust",
    "lstrip": "rstrip",
    "rstrip": "lstrip",
    "find": "rfind",
    "rfind": "find",
    "partition": "rpartition",
    "rpartition": "partition",
    "startswith": "endswith",
    "endswith": "startswith",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
}
_NO_ARGUMENTS = ast.arguments([], [], None, [], [], None, [])
_STRUCTURAL = ("property", "setter", "getter", "overload", "abstractmethod", "dataclass")
_CACHES = {"cache", "lru_cache", "functools.cache", "functools.lru_cache"}
_LOGGERS = {"log", "logger", "logging", "_log", "_logger"}
_IN_ANY_ORDER = {"isinstance", "issubclass", "max", "min", "gcd", "math.gcd", "lcm", "math.lcm"}
_NO_VALUES = {"self", "cls", *dir(builtins)}
_MAKE_THE_CLASS = (
    *("Enum", "Flag", "NamedTuple", "TypedDict", "Protocol", "Generic"),
    *("BaseModel", "Structure", "Exception", "Warning", "object"),
)
_NUMBER_AMONG_WORDS = re.compile(r"(?<![^\s(=<>+*])[0-9]{1,9}(?![^\s),;]|,[0-9])")
_LONGEST = 60
_MANY = 2
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


@dataclass(frozen=True)
class Variant:
    """What stands in a node's place. ``nulling`` says that something is only taken away: a value,
    which a check that there is some value notices already, or the handling of an error, which may
    be one that the test raises itself. ``other_error`` says that another exception is raised,
    ``unscored`` that few tests have to notice, so that it does not count where all mutants do.
    """

    node: ast.AST
    description: str
    nulling: bool = False
    other_error: bool = False
    unscored: bool = False


def variants(node: ast.AST) -> Iterator[Variant]:  # noqa: C901, PLR0912 - one case each
    """Everything that the operators make of one node."""
    match node:
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            yield _with(node, op=_ARITHMETIC[type(op)]())
        case ast.Compare(ops=[op]):
            for other in _COMPARISONS[type(op)]:
                yield _with(node, ops=[other()])
        case ast.BoolOp(op=op, values=values):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
            yield from (_instead(node, value) for value in values)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield _instead(node, operand)
        case ast.Constant(value=value):
            yield from _other_constants(node, value)
        case ast.IfExp(test=test):
            yield _with(node, test=_not(test))
        case ast.If(test=test):
            yield Variant(_changed(node, test=_not(test)), f"if {_text(test)} negated")
        case ast.While(test=test):
            never = _changed(node, test=ast.Constant(value=False))
            yield Variant(never, f"while {_text(test)} never", nulling=_is_endless(test))
        case ast.For(iter=values):
            in_a_row = ast.Call(ast.Name("list", ast.Load()), [values], [])
            back = ast.Subscript(in_a_row, ast.Slice(step=ast.Constant(-1)), ast.Load())
            backwards = _changed(node, iter=back)
            yield Variant(backwards, f"for … in {_text(values)} backwards", unscored=True)
            never = _changed(node, iter=ast.Tuple([], ast.Load()))
            yield Variant(never, f"for … in {_text(values)} never")
        case ast.ExceptHandler(body=body) if not isinstance(body[0], ast.Raise):
            handed_on = _changed(node, body=[ast.Raise()])
            yield Variant(handed_on, f"{_text(node)} lets it pass on", nulling=True)
        case ast.comprehension(ifs=[condition, *_]):
            yield Variant(_changed(node, ifs=node.ifs[1:]), f"filter {_text(condition)} removed")
        case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
            yield from _other_results(node, value)
        case ast.Call():
            yield from _other_calls(node)
        case ast.Slice():
            yield from _other_slices(node)
        case ast.List(elts=[_, *_]) | ast.Set(elts=[_, _, *_]):
            yield Variant(
                _changed(node, elts=node.elts[:-1]), f"last item of {_text(node)} removed"
            )
        case ast.Dict(keys=[_, *_]):
            shorter = _changed(node, keys=node.keys[:-1], values=node.values[:-1])
            yield Variant(shorter, f"last item of {_text(node)} removed")
        case ast.stmt():
            yield from _other_statements(node)


def _other_statements(node: ast.stmt) -> Iterator[Variant]:
    other: ast.AST
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Delete():
            yield Variant(ast.Pass(), f"{_text(node)} removed")
        case ast.AugAssign(op=op):
            yield Variant(ast.Pass(), f"{_text(node)} removed")
            if type(op) in _ARITHMETIC:
                yield _with(node, op=_ARITHMETIC[type(op)]())
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            if not (isinstance(value, ast.Constant) and value.value is None):
                none = _changed(node, value=ast.Constant(None))
                yield Variant(none, f"{_text(node)} became None", nulling=True)
            other = _changed(node, value=_call("altered", value))
            yield Variant(other, f"{_text(node)} altered")
        case ast.Raise(exc=ast.expr() as raised):
            yield Variant(ast.Pass(), f"{_text(node)} removed")
            name = "LookupError" if "RuntimeError" in ast.unparse(raised) else "RuntimeError"
            call = ast.Call(ast.Name(name, ast.Load()), [ast.Constant("mutated")], [])
            other = _changed(node, exc=call, cause=None)
            yield Variant(other, f"{_text(node)} became {name}", other_error=True)
        case ast.Break():
            yield Variant(ast.Continue(), "break became continue")
        case ast.Continue():
            yield Variant(ast.Break(), "continue became break")


def _other_results(node: ast.Return | ast.Yield, value: ast.expr) -> Iterator[Variant]:
    for change in ("altered", "emptied", "negated"):
        yield Variant(_changed(node, value=_call(change, value)), f"{_text(node)} {change}")
    if not (isinstance(value, ast.Constant) and value.value is None):
        none = _changed(node, value=ast.Constant(None))
        yield Variant(none, f"{_text(node)} became None", nulling=True)


def _call(helper: str, value: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(_STAND_INS, helper, ast.Load()), [value], [])


def _other_constants(node: ast.Constant, value: object) -> Iterator[Variant]:
    others: tuple[object, ...] = ()
    if isinstance(value, bool):
        others = (not value,)
    elif isinstance(value, int):
        others = (value + 1, value - 1)
    elif isinstance(value, float):
        others = (value + 1.0,)
    elif isinstance(value, str | bytes):
        others = (value + ("~" if isinstance(value, str) else b"~"),)  # type: ignore[operator]
    for other in others:
        yield _with(node, value=other)
    if isinstance(value, str):
        yield from _other_number(node, value)


def _other_number(node: ast.Constant, text: str) -> Iterator[Variant]:
    """The first number that is a word of a text, as a statement of SQL has them, one higher."""
    found = _NUMBER_AMONG_WORDS.search(text)
    if found and found[0] != text.strip():
        more = str(int(found[0]) + 1).zfill(len(found[0]))
        other = _changed(node, value=text[: found.start()] + more + text[found.end() :])
        yield Variant(other, f"{found[0]} became {more} in {_text(node)}")


def _other_calls(node: ast.Call) -> Iterator[Variant]:
    match node.func:
        case ast.Attribute(attr=name) if name in _OPPOSITE_METHODS:
            yield _with(node, func=_changed(node.func, attr=_OPPOSITE_METHODS[name]))
        case ast.Name(id=name) if name in _OPPOSITE_FUNCTIONS:
            yield _with(node, func=ast.Name(_OPPOSITE_FUNCTIONS[name], ast.Load()))
    if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
        yield _instead(node, node.args[0])
    if len(node.args) < _MANY and not node.keywords and isinstance(node.func, ast.Attribute):
        yield _instead(node, node.func.value)
    called = ast.unparse(node.func)
    makes_an_object = called.rpartition(".")[2][:1].isupper()
    if called not in _IN_ANY_ORDER and (len(node.args) >= _MANY or makes_an_object):
        yield from _other_arguments(node)
    for index, keyword in enumerate(node.keywords):
        before, after = node.keywords[:index], node.keywords[index + 1 :]
        if keyword.arg == "default_factory":
            made = _call("altered", ast.Call(keyword.value, [], []))
            factory = _changed(keyword, value=ast.Lambda(_NO_ARGUMENTS, made))
            other = _changed(node, keywords=[*before, factory, *after])
            yield Variant(other, f"default_factory= altered in {_text(node)}")
        else:
            other = _changed(node, keywords=[*before, *after])
            yield Variant(other, f"{keyword.arg}= left out of {_text(node)}")


def _other_arguments(node: ast.Call) -> Iterator[Variant]:
    match node.args:
        case [first, second, *rest] if not any(isinstance(one, ast.Starred) for one in node.args):
            swapped = _changed(node, args=[second, first, *rest])
            yield Variant(swapped, f"arguments of {_text(node)} swapped")
    for index, argument in enumerate(node.args):
        match argument:
            case ast.Name(id=name) if name.islower() and name not in _NO_VALUES:
                args = [*node.args[:index], _call("altered", argument), *node.args[index + 1 :]]
                yield Variant(_changed(node, args=args), f"{name} altered in {_text(node)}")


def _other_slices(node: ast.Slice) -> Iterator[Variant]:
    for bound in ("lower", "upper"):
        value = getattr(node, bound)
        if value is not None:
            off_by_one = ast.BinOp(value, ast.Add(), ast.Constant(1))
            yield Variant(_changed(node, **{bound: off_by_one}), f"[{_text(node)}] off by one")


def swallowing(node: ast.stmt) -> Variant:
    """What goes wrong in the block of a ``with`` ends there, where it was handed on."""
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
    return Variant(ast.Try([node], [handler], [], []), f"{_text(node)} swallows exceptions")


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
            if not name.startswith("_") and not any(map(_is_constant, ast.walk(value))):
                return Variant(_call("altered", value), f"{_text(node)} altered")
    return None


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
            yield Variant(_changed(field, value=by_identity), told, unscored=True)


def _other_members(owner: ast.ClassDef, field: ast.stmt) -> Iterator[Variant]:
    """One of another value, one more, and one that values which belong to none give as well."""
    if other_value(field):
        yield _with(field, value=ast.Constant(-1))
    if field is owner.body[-1]:
        found = ast.If(ast.Constant(value=True), [field, *_UNKNOWN_IS_FIRST], [])
        yield Variant(found, f"{owner.name} takes a value that it does not know for its first")
    if isinstance(field, ast.Assign) and field is _last_member(owner):
        both = ast.Tuple([*field.targets, ast.Name("another", ast.Store())], ast.Store())
        values = ast.Tuple([field.value, _call("altered", field.value)], ast.Load())
        added = _changed(field, targets=[both], value=values)
        yield Variant(added, f"another member after {_text(field.targets[0])}")


def _other_parts(owner: ast.ClassDef, field: ast.AnnAssign) -> Iterator[Variant]:
    """A part of a record that is another one, is not there, or may be anything at all."""
    name = _text(field.target)
    reading = ast.parse(_READING.format(name=name, stand_ins=ast.unparse(_STAND_INS))).body
    altered = ast.If(ast.Constant(value=True), [field, *reading], [])
    yield Variant(altered, f"{name} of {owner.name} altered")
    if _descends_from(owner, "BaseModel"):
        yield from _unchecked(field)
    elif field.value is None and owner.body[1:]:
        yield Variant(field, f"{_text(field)} left out of {owner.name}")


def _unchecked(field: ast.AnnAssign) -> Iterator[Variant]:
    """A part of a record that says what its value has to be: of any type, or not required."""
    yield _with(field, annotation=ast.Name("object", ast.Load()))
    match field.value:
        case None:
            yield _with(field, value=ast.Constant(None))
        case ast.Call(args=[], keywords=named) as call:
            if not any("default" in str(keyword.arg) for keyword in named):
                yield _with(field, value=_changed(call, args=[ast.Constant(None)]))


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


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is not None


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


def logs(node: ast.AST) -> bool:
    """Whether a statement does nothing but log."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in _LOGGERS
    return False


def unlogged(node: ast.AST) -> Variant:
    """Nothing is logged; how a log words things is rarely specified."""
    return Variant(ast.Pass(), f"{_text(node)} removed", unscored=True)


def other_default(node: ast.expr) -> Variant | None:
    """What a parameter has for a default instead of an object that has a name.

    It is taken away: of most, as of a function or a class, there is no other one of its kind.
    """
    if isinstance(node, ast.Name | ast.Attribute):
        return Variant(ast.Constant(None), f"default {_text(node)} became None", nulling=True)
    return None


def free_order(arguments: ast.arguments) -> Variant | None:
    """Parameters that may be given without their names, where only names will do."""
    if not arguments.kwonlyargs or arguments.vararg:
        return None
    names = ", ".join(one.arg for one in arguments.kwonlyargs)
    defaults = [one for one in arguments.kw_defaults if one is not None]
    free = _changed(
        arguments,
        args=[*arguments.args, *arguments.kwonlyargs],
        defaults=[*arguments.defaults, *defaults],
        kwonlyargs=[],
        kw_defaults=[],
    )
    return Variant(free, f"{names} taken without a name", unscored=True)


def own_class(called: ast.expr, owner: str) -> Variant | None:
    """A certain class in the place of whatever class an object or a class method is of."""
    if owner and ast.unparse(called) in ("cls", "type(self)", "self.__class__"):
        certain = ast.parse(owner, mode="eval").body
        return Variant(certain, f"{_text(called)} became {owner}", unscored=True)
    return None


def self_description(node: ast.AST) -> Variant | None:
    """What a module says instead of its names or its version; few specs have them."""
    match node:
        case ast.Assign(
            targets=[ast.Name(id="__all__")],
            value=ast.List(elts=[*others, last]) | ast.Tuple(elts=[*others, last]) as names,
        ):
            shorter = _changed(names, elts=others)
            return Variant(shorter, f"{_text(last)} left out of __all__", unscored=True)
        case ast.Assign(
            targets=[ast.Name(id="__version__")], value=ast.Constant(value=str()) as version
        ):
            return Variant(_call("altered", version), f"{_text(node)} altered", unscored=True)
    return None


def is_off_limits(node: ast.AST) -> bool:
    """Code whose change says nothing about behaviour, or breaks the machinery instead."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Assert():
            return True
        case (
            ast.Assign(targets=[ast.Name(id=name)])
            | ast.AnnAssign(target=ast.Name(id=name))
            | ast.AugAssign(target=ast.Name(id=name))
        ):
            return name.startswith("__") and name.endswith("__")
        case ast.If(test=test):
            return "TYPE_CHECKING" in ast.unparse(test) or "__name__" in ast.unparse(test)
    return False


def _with(node: ast.AST, **fields: object) -> Variant:
    other = _changed(node, **fields)
    return Variant(other, f"{_text(node)} became {_text(other)}")


def _instead(node: ast.AST, other: ast.AST) -> Variant:
    return Variant(other, f"{_text(node)} became {_text(other)}")


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _not(test: ast.expr) -> ast.expr:
    return test.operand if _is_not(test) else ast.UnaryOp(ast.Not(), test)  # type: ignore[attr-defined]


def _is_endless(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value)


def _is_not(test: ast.expr) -> bool:
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _text(node: ast.AST) -> str:
    line = ast.unparse(node).partition("\n")[0]
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
