"""The mutation operators: small mistakes that a programmer could have made in a function."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from spec_to_production.verification.variant import (
    Variant,
    becoming,
    changed,
    helped,
    instead,
    text_of,
)

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
_LOGGERS = {"log", "logger", "logging", "_log", "_logger"}
_IN_ANY_ORDER = {"isinstance", "issubclass", "max", "min", "gcd", "math.gcd", "lcm", "math.lcm"}
_NO_VALUES = {"self", "cls", *dir(builtins)}
_NUMBER_AMONG_WORDS = re.compile(r"(?<![^\s(=<>+*])[0-9]{1,9}(?![^\s),;]|,[0-9])")
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


def variants(node: ast.AST) -> Iterator[Variant]:  # noqa: C901, PLR0912 - one case each
    """Everything that the operators make of one node."""
    match node:
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            yield becoming(node, op=_ARITHMETIC[type(op)]())
        case ast.Compare(ops=[op]):
            for other in _COMPARISONS[type(op)]:
                yield becoming(node, ops=[other()])
        case ast.BoolOp(op=op, values=values):
            yield becoming(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
            yield from (instead(node, value) for value in values)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield instead(node, operand)
        case ast.Constant(value=value):
            yield from _other_constants(node, value)
        case ast.IfExp(test=test):
            yield becoming(node, test=_not(test))
        case ast.If(test=test):
            yield Variant(changed(node, test=_not(test)), f"if {text_of(test)} negated")
        case ast.While(test=test):
            never = changed(node, test=ast.Constant(value=False))
            yield Variant(never, f"while {text_of(test)} never", nulling=_is_endless(test))
        case ast.For(iter=values):
            in_a_row = ast.Call(ast.Name("list", ast.Load()), [values], [])
            back = ast.Subscript(in_a_row, ast.Slice(step=ast.Constant(-1)), ast.Load())
            backwards = changed(node, iter=back)
            yield Variant(backwards, f"for … in {text_of(values)} backwards", unscored=True)
            never = changed(node, iter=ast.Tuple([], ast.Load()))
            yield Variant(never, f"for … in {text_of(values)} never")
        case ast.ExceptHandler(body=body) if not isinstance(body[0], ast.Raise):
            handed_on = changed(node, body=[ast.Raise()])
            yield Variant(handed_on, f"{text_of(node)} lets it pass on", nulling=True)
        case ast.comprehension(ifs=[condition, *_]):
            yield Variant(changed(node, ifs=node.ifs[1:]), f"filter {text_of(condition)} removed")
        case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
            yield from _other_results(node, value)
        case ast.Call():
            yield from _other_calls(node)
        case ast.Slice():
            yield from _other_slices(node)
        case ast.List(elts=[_, *_]) | ast.Set(elts=[_, _, *_]):
            yield Variant(
                changed(node, elts=node.elts[:-1]), f"last item of {text_of(node)} removed"
            )
        case ast.Dict(keys=[_, *_]):
            shorter = changed(node, keys=node.keys[:-1], values=node.values[:-1])
            yield Variant(shorter, f"last item of {text_of(node)} removed")
        case ast.stmt():
            yield from _other_statements(node)


def _other_statements(node: ast.stmt) -> Iterator[Variant]:
    other: ast.AST
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Delete():
            yield Variant(ast.Pass(), f"{text_of(node)} removed")
        case ast.AugAssign(op=op):
            yield Variant(ast.Pass(), f"{text_of(node)} removed")
            if type(op) in _ARITHMETIC:
                yield becoming(node, op=_ARITHMETIC[type(op)]())
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            if not (isinstance(value, ast.Constant) and value.value is None):
                none = changed(node, value=ast.Constant(None))
                yield Variant(none, f"{text_of(node)} became None", nulling=True)
            other = changed(node, value=helped("altered", value))
            yield Variant(other, f"{text_of(node)} altered")
        case ast.Raise(exc=ast.expr() as raised):
            yield Variant(ast.Pass(), f"{text_of(node)} removed")
            name = "LookupError" if "RuntimeError" in ast.unparse(raised) else "RuntimeError"
            call = ast.Call(ast.Name(name, ast.Load()), [ast.Constant("mutated")], [])
            other = changed(node, exc=call, cause=None)
            yield Variant(other, f"{text_of(node)} became {name}", other_error=True)
        case ast.Break():
            yield Variant(ast.Continue(), "break became continue")
        case ast.Continue():
            yield Variant(ast.Break(), "continue became break")


def _other_results(node: ast.Return | ast.Yield, value: ast.expr) -> Iterator[Variant]:
    for change in ("altered", "emptied", "negated"):
        yield Variant(changed(node, value=helped(change, value)), f"{text_of(node)} {change}")
    if not (isinstance(value, ast.Constant) and value.value is None):
        none = changed(node, value=ast.Constant(None))
        yield Variant(none, f"{text_of(node)} became None", nulling=True)


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
        yield becoming(node, value=other)
    if isinstance(value, str):
        yield from _other_number(node, value)


def _other_number(node: ast.Constant, text: str) -> Iterator[Variant]:
    """The first number that is a word of a text, as a statement of SQL has them, one higher."""
    found = _NUMBER_AMONG_WORDS.search(text)
    if found and found[0] != text.strip():
        more = str(int(found[0]) + 1).zfill(len(found[0]))
        other = changed(node, value=text[: found.start()] + more + text[found.end() :])
        yield Variant(other, f"{found[0]} became {more} in {text_of(node)}")


def _other_calls(node: ast.Call) -> Iterator[Variant]:
    match node.func:
        case ast.Attribute(attr=name) if name in _OPPOSITE_METHODS:
            yield becoming(node, func=changed(node.func, attr=_OPPOSITE_METHODS[name]))
        case ast.Name(id=name) if name in _OPPOSITE_FUNCTIONS:
            yield becoming(node, func=ast.Name(_OPPOSITE_FUNCTIONS[name], ast.Load()))
    if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
        yield instead(node, node.args[0])
    if len(node.args) < _MANY and not node.keywords and isinstance(node.func, ast.Attribute):
        yield instead(node, node.func.value)
    called = ast.unparse(node.func)
    makes_an_object = called.rpartition(".")[2][:1].isupper()
    if called not in _IN_ANY_ORDER and (len(node.args) >= _MANY or makes_an_object):
        yield from _other_arguments(node)
    for index, keyword in enumerate(node.keywords):
        before, after = node.keywords[:index], node.keywords[index + 1 :]
        if keyword.arg == "default_factory":
            made = helped("altered", ast.Call(keyword.value, [], []))
            factory = changed(keyword, value=ast.Lambda(_NO_ARGUMENTS, made))
            other = changed(node, keywords=[*before, factory, *after])
            yield Variant(other, f"default_factory= altered in {text_of(node)}")
        else:
            other = changed(node, keywords=[*before, *after])
            yield Variant(other, f"{keyword.arg}= left out of {text_of(node)}")


def _other_arguments(node: ast.Call) -> Iterator[Variant]:
    match node.args:
        case [first, second, *rest] if not any(isinstance(one, ast.Starred) for one in node.args):
            swapped = changed(node, args=[second, first, *rest])
            yield Variant(swapped, f"arguments of {text_of(node)} swapped")
    for index, argument in enumerate(node.args):
        match argument:
            case ast.Name(id=name) if name.islower() and name not in _NO_VALUES:
                args = [*node.args[:index], helped("altered", argument), *node.args[index + 1 :]]
                yield Variant(changed(node, args=args), f"{name} altered in {text_of(node)}")


def _other_slices(node: ast.Slice) -> Iterator[Variant]:
    for bound in ("lower", "upper"):
        value = getattr(node, bound)
        if value is not None:
            off_by_one = ast.BinOp(value, ast.Add(), ast.Constant(1))
            yield Variant(changed(node, **{bound: off_by_one}), f"[{text_of(node)}] off by one")


def swallowing(node: ast.stmt) -> Variant:
    """What goes wrong in the block of a ``with`` ends there, where it was handed on."""
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
    return Variant(ast.Try([node], [handler], [], []), f"{text_of(node)} swallows exceptions")


def logs(node: ast.AST) -> bool:
    """Whether a statement does nothing but log."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in _LOGGERS
    return False


def unlogged(node: ast.AST) -> Variant:
    """Nothing is logged; how a log words things is rarely specified."""
    return Variant(ast.Pass(), f"{text_of(node)} removed", unscored=True)


def own_class(called: ast.expr, owner: str) -> Variant | None:
    """A certain class in the place of whatever class an object or a class method is of."""
    if owner and ast.unparse(called) in ("cls", "type(self)", "self.__class__"):
        certain = ast.parse(owner, mode="eval").body
        return Variant(certain, f"{text_of(called)} became {owner}", unscored=True)
    return None


def _not(test: ast.expr) -> ast.expr:
    return test.operand if _is_not(test) else ast.UnaryOp(ast.Not(), test)  # type: ignore[attr-defined]


def _is_endless(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value)


def _is_not(test: ast.expr) -> bool:
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
