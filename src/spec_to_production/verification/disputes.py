"""The evidence of a dispute: what the spec says, what the test expects, what the code does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from spec_to_production.results import Criterion, Dispute, Requirement, Spec
from spec_to_production.verification.definitions import FunctionNode, first_line
from spec_to_production.verification.evidence import Case
from spec_to_production.verification.naming import cited_criteria
from spec_to_production.verification.sides import sides
from spec_to_production.verification.statements import nodes_of

Place = tuple[str, int]


def dispute_of(case: Case, spec: Spec, sources: Mapping[str, str]) -> Dispute:
    """The dispute that a test which always fails the same way stands for.

    Args:
        case: The test.
        spec: What it was judged against.
        sources: The component's files, by their paths.
    """
    outcome = case.outcomes[0]
    requirement = next(one for one in spec.requirements if one.id in case.requirements)
    statement = _statement(case.source, outcome.line)
    expected, actual = sides(statement, outcome, case.source)
    raised = outcome.component_frame
    end = statement.end_lineno if statement is not None else outcome.line
    path, line = raised or _returned(case, end, sources) or (None, None)
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
        code_returned=raised is None and path is not None,
        failures=len(case.outcomes),
    )


def _words_of(requirement: Requirement, case: Case) -> Criterion:
    """The words of the requirement that the test is about.

    That is the criterion that it cites by number, or the one with which its name and its code
    share the most words; where none stands out, the requirement's own text.
    """
    whole = Criterion(text=requirement.text, line=requirement.lines.start)
    function = case.function
    if function is None:
        return whole
    cited = cited_criteria(f"{function.prose}\n{function.name}", requirement.criteria)
    if len(cited) == 1:
        return cited[0]
    test = _vocabulary(f"{function.name} {function.code}")
    usual = _vocabulary(f"{requirement.title} {requirement.text}")
    shared = {
        one: len(test & (_vocabulary(one.text) - usual)) for one in cited or requirement.criteria
    }
    best = max(shared, key=lambda one: shared[one], default=whole)
    rivals = [one for one in shared if shared[one] == shared[best]] if shared else []
    return best if len(rivals) == 1 and shared[best] else whole


def _vocabulary(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z]{3,}", text.replace("_", " "))}


def _statement(source: str, line: int | None) -> ast.stmt | None:
    """The smallest statement at a line of the test; of a ``with`` block, its head alone."""
    around = [
        node
        for node in nodes_of(source)
        if isinstance(node, ast.stmt)
        and line is not None
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(around, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)


def _returned(case: Case, end: int | None, sources: Mapping[str, str]) -> Place | None:
    """Where the function of the component returned that the test named last before it failed.

    Where it names none that is known, the last line that one returned from.
    """
    returns = [
        (path, line, -first)
        for path, arcs in case.outcomes[0].reached.items()
        for line, first in arcs
        if first < 0 < line
    ]
    names = {(path, line): name for path in sources for line, name in _functions(sources[path])}
    for said in _named(case, end):
        found = [(path, line) for path, line, first in returns if names.get((path, first)) == said]
        if found:
            return max(found, key=lambda place: place[1])
    return max(
        ((path, line) for path, line, _ in returns), key=lambda place: place[1], default=None
    )


def _functions(source: str) -> Iterator[tuple[int, str]]:
    for node in nodes_of(source):
        if isinstance(node, FunctionNode):
            yield first_line(node), node.name


def _named(case: Case, end: int | None) -> list[str]:
    """The names in a test, up to a line: the last line first, in it the outermost call."""
    first = case.function.line if case.function else 1
    found = [
        (-node.lineno, node.col_offset, -(node.end_col_offset or 0), name)
        for node in nodes_of(case.source)
        if isinstance(node, ast.Name | ast.Attribute) and first <= node.lineno <= (end or first)
        for name in [node.attr if isinstance(node, ast.Attribute) else node.id]
    ]
    return [name for *_, name in sorted(found)]
