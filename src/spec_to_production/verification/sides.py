"""What a failed test expected and what came, as far as its failure tells."""

from __future__ import annotations

import ast
import re

from spec_to_production.verification.runs import Outcome
from spec_to_production.verification.statements import expects_exception, is_raised, nodes_of

Sides = tuple[str | None, str | None]

_NO_EXCEPTION = "no exception"
_NOT_RAISED = re.compile(r".*DID NOT RAISE (?P<pytest>.+)|(?P<unittest>\S+) not raised\b.*")
_WITH_ONE_VALUE = ("assertTrue", "assertFalse", "assertIsNone")
_DIFFER = re.compile(r"\w+ differ: ")
_ASSERTED = re.compile(r"^assert (?:not )?(.+)$", re.MULTILINE)
_TRUTH = {"true": "a true value", "false": "a false value"}


def sides(statement: ast.stmt | None, outcome: Outcome, source: str) -> Sides:
    """What was expected and what came; ``None`` for what is not known.

    Args:
        statement: What failed, of the test.
        outcome: How.
        source: The test's file.
    """
    told = outcome.message.removeprefix("AssertionError: ")
    if outcome.comparison is not None:
        return _compared(outcome.comparison, statement)
    if missed := _NOT_RAISED.match(told):
        return (missed["pytest"] or missed["unittest"]).strip(), _NO_EXCEPTION
    if not outcome.by_assertion:
        return _expected_exception(source, outcome.line), outcome.message
    return _told(statement, told)


def _told(statement: ast.stmt | None, told: str) -> Sides:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name)) as call):
            return _by_unittest(name, call, told.partition("\n")[0])
        case ast.Assert(test=ast.UnaryOp(op=ast.Not(), operand=tested)):
            return _by_truth("a false value", tested, told)
        case ast.Assert(test=tested):
            return _by_truth("a true value", tested, told)
    return None, None


def _compared(comparison: tuple[str, str, str], statement: ast.stmt | None) -> Sides:
    left, operator, right = comparison
    match statement:
        case ast.Assert(test=ast.UnaryOp(op=ast.Not())):
            return f"not {operator} {right}", left
        case ast.Assert(test=ast.Compare(left=first, comparators=[second])):
            if _is_literal(first) and not _is_literal(second):
                return left, right
    return right if operator in ("==", "is") else f"{operator} {right}", left


def _by_unittest(name: str, call: ast.Call, told: str) -> Sides:
    """The values in a message such as ``1 != 2 : words``, where it can be taken apart safely."""
    if call.keywords or len(call.args) > (1 if name in _WITH_ONE_VALUE else 2):
        told = told.partition(" : ")[0]
    parts = told.split(" != " if name.endswith("Equal") else " is not ")
    if not name.startswith("assert") or len(parts) != 2:  # noqa: PLR2004 - the two sides
        return None, None
    left, right = _DIFFER.sub("", parts[0], count=1), parts[1].partition(" within ")[0]
    if call.args[1:] and _is_literal(call.args[0]) and not _is_literal(call.args[1]):
        return left, right
    return _TRUTH.get(right, right), left


def _by_truth(expected: str, tested: ast.expr, told: str) -> Sides:
    # Of anything but a name, a call or an attribute, pytest shows no value but the expression.
    values = (
        _ASSERTED.findall(told) if isinstance(tested, ast.Name | ast.Call | ast.Attribute) else []
    )
    return (expected, values[-1]) if values else (None, None)


def _expected_exception(source: str, line: int | None) -> str | None:
    """What the ``with raises(…)`` around a line of the test waits for."""
    for node in nodes_of(source):
        if isinstance(node, ast.With) and line in range(node.lineno, (node.end_lineno or 0) + 1):
            for item in node.items:
                match item.context_expr:
                    case ast.Call(
                        func=ast.Attribute(attr="raises" | "assertRaises") | ast.Name(id="raises"),
                        args=[expected, *_],
                    ):
                        return ast.unparse(expected)
    # It may stand in other words, or be of the test's own making.
    return None if expects_exception(source, line) or is_raised(source, line) else _NO_EXCEPTION


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True
