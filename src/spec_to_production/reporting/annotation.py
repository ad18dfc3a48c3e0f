"""What a reviewer sees at the lines of the diff: the disputes, most important first."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Literal

from spec_to_production.reporting import words
from spec_to_production.reporting.escape import one_line
from spec_to_production.results import Dispute, TestVerdict, WorkflowResult

LIMIT: Final = 10
"""Annotations of one level that GitHub shows for one step."""

_LONGEST = 1000
_RANKS = ("high", "medium", "low")


@dataclass(frozen=True)
class Annotation:
    """A remark at a line of a file; the text is plain and on one line, but not yet quoted."""

    level: Literal["warning", "error", "notice"]
    title: str
    message: str
    path: str | None = None
    line: int | None = None


def annotations(*results: WorkflowResult) -> tuple[Annotation, ...]:
    """The disputes as warnings at the components' lines, by the requirement's priority.

    Where there are more than ten, the last one says how many are not shown.
    """
    ranked = sorted((pair for result in results for pair in _ranked(result)), key=itemgetter(0))
    disputed = [warning for _, warning in ranked]
    if len(disputed) <= LIMIT:
        return tuple(disputed)
    shown = disputed[: LIMIT - 1]
    more = words.count(len(disputed) - len(shown), "more dispute")
    note = Annotation("warning", f"{more} between spec and code", "They are in the job summary.")
    return (*shown, note)


def _ranked(result: WorkflowResult) -> Iterator[tuple[int, Annotation]]:
    ranks = {r.id: _RANKS.index(r.priority) for r in result.spec.requirements}
    for test in result.verification.having("disputed") if result.verification else ():
        if test.dispute:
            rank = ranks.get(test.dispute.requirement_id, len(_RANKS))
            yield rank, _warning(result, test, test.dispute)


def _warning(result: WorkflowResult, test: TestVerdict, dispute: Dispute) -> Annotation:
    told = f"The spec says: {dispute.requirement_text}" if dispute.requirement_text else ""
    seen = f"Seen in {dispute.failures} of {test.runs} runs: {dispute.statement}"
    where = f"{result.spec.path}:{dispute.spec_line}"
    message = one_line(" | ".join(filter(None, (told, seen, where, test.id))), _LONGEST)
    title = one_line(f"{dispute.requirement_id}: spec and code disagree", _LONGEST // 10)
    return Annotation("warning", title, message, dispute.code_path, dispute.code_line)
