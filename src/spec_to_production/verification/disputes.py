"""The evidence of a dispute: what the spec says, what the test expects, what the code does."""

from __future__ import annotations

import ast

from spec_to_production.results import Dispute, Spec
from spec_to_production.verification.evidence import Case


def dispute_of(case: Case, spec: Spec) -> Dispute:
    """The dispute that a test which always fails the same way stands for."""
    outcome = case.outcomes[0]
    requirement = next(one for one in spec.requirements if one.id in case.requirements)
    statement = _statement(case.candidate.content, outcome.line)
    expected, actual = _sides(statement, case)
    path, line = outcome.component_frame or _deepest_reached(case)
    return Dispute(
        requirement_id=requirement.id,
        requirement_text=requirement.text,
        spec_line=requirement.lines.start,
        statement=ast.unparse(statement) if statement is not None else outcome.message,
        expected=expected,
        actual=actual,
        code_path=path,
        code_line=line,
        failures=len(case.outcomes),
    )


def _statement(source: str, line: int | None) -> ast.stmt | None:
    """The smallest statement at a line of the test; of a ``with`` block, its head alone."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
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
        return None, outcome.message
    return None, None


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
