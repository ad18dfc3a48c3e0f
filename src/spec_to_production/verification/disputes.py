"""The evidence of a dispute: what the spec says, what the test expects, what the code does."""

from __future__ import annotations

import ast
import re

from spec_to_production import syntax
from spec_to_production.results import Criterion, Dispute, Requirement, Spec
from spec_to_production.verification.evidence import Case


def dispute_of(case: Case, spec: Spec) -> Dispute:
    """The dispute that a test which always fails the same way stands for."""
    outcome = case.outcomes[0]
    requirement = next(one for one in spec.requirements if one.id in case.requirements)
    statement = _statement(case.source, outcome.line)
    expected, actual = _sides(statement, case)
    path, line = outcome.component_frame or _deepest_reached(case)
    said = _words_of(requirement, case)
    return Dispute(
        requirement_id=requirement.id,
        requirement_text=said.text,
        spec_line=said.line,
        statement=ast.unparse(statement) if statement is not None else outcome.message,
        expected=expected,
        actual=actual,
        code_path=path,
        code_line=line,
        failures=len(case.outcomes),
    )


def _words_of(requirement: Requirement, case: Case) -> Criterion:
    """The words of the requirement that the test is about.

    That is the criterion with which its name and its code share the most words; where none
    stands out, the requirement's own text.
    """
    whole = Criterion(text=requirement.text, line=requirement.lines.start)
    function = case.function
    if function is None:
        return whole
    test = _vocabulary(f"{function.name} {function.code}")
    usual = _vocabulary(f"{requirement.title} {requirement.text}")
    shared = {one: len(test & (_vocabulary(one.text) - usual)) for one in requirement.criteria}
    best = max(shared, key=lambda one: shared[one], default=whole)
    rivals = [one for one in shared if shared[one] == shared[best]] if shared else []
    return best if len(rivals) == 1 and shared[best] else whole


def _vocabulary(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z]{3,}", text.replace("_", " "))}


def _statement(source: str, line: int | None) -> ast.stmt | None:
    """The smallest statement at a line of the test; of a ``with`` block, its head alone."""
    around = [
        node
        for node in ast.walk(syntax.parse(source))
        if isinstance(node, ast.stmt)
        and line is not None
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(around, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)


def _sides(statement: ast.stmt | None, case: Case) -> tuple[str | None, str | None]:
    """What was expected and what came, as the assertion that failed tells it."""
    outcome = case.outcomes[0]
    if outcome.comparison is not None:
        left, _, right = outcome.comparison
        return (left, right) if _expects_left(statement) else (right, left)
    raised = outcome.message.partition("DID NOT RAISE ")[2]
    if raised:
        return raised.strip(), "no exception"
    if not outcome.by_assertion:
        return _expected_exception(case.source, outcome.line), outcome.message
    return None, None


def _expected_exception(source: str, line: int | None) -> str | None:
    """What the ``with raises(…)`` around a line of the test waits for."""
    for node in ast.walk(syntax.parse(source)):
        if isinstance(node, ast.With) and line in range(node.lineno, (node.end_lineno or 0) + 1):
            for item in node.items:
                match item.context_expr:
                    case ast.Call(
                        func=ast.Attribute(attr="raises" | "assertRaises") | ast.Name(id="raises"),
                        args=[expected, *_],
                    ):
                        return ast.unparse(expected)
    return None


def _expects_left(statement: ast.stmt | None) -> bool:
    match statement:
        case ast.Assert(test=ast.Compare(left=left, comparators=[right])):
            return _is_literal(left) and not _is_literal(right)
    return False


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _deepest_reached(case: Case) -> tuple[str | None, int | None]:
    # Without a traceback into the component: the last line that a function of it returned from.
    returns = [
        (path, start)
        for path, arcs in case.outcomes[0].reached.items()
        for start, end in arcs
        if end < 0 < start
    ]
    return max(returns, key=lambda place: place[1], default=(None, None))
