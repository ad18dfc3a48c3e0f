"""What a person sees at the end of a run in a terminal, and the plan of a dry run.

Readable in 80 columns and without colour: every colour repeats a word.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spec_to_production.reporting import headline, ledger, words
from spec_to_production.reporting.escape import one_line
from spec_to_production.results import (
    Component,
    Dispute,
    Problem,
    Spec,
    Task,
    TestVerdict,
    WorkflowResult,
)

_INDENT = (0, 0, 0, 2)
_REJECTS = 10
_LONGEST = 160
_STYLES = {"proven": "green", "disputed": "yellow", "untested": "", "not_verified": ""}


def summary_table(result: WorkflowResult) -> RenderableType:
    """The result of a run: verdict, figures, disputes in full, requirements, problems."""
    parts: list[RenderableType] = [
        Text(""),
        Text(headline.verdict(result), style="bold"),
        Text(one_line(headline.next_step(result))),
        *(
            Text(f"Note: {one_line(warning)}", style="yellow")
            for warning in headline.warnings(result)
        ),
        _figures(result),
    ]
    for title, content in (
        ("Spec and code disagree", _disputes(result)),
        ("Requirements", _requirements(result)),
        ("Rejected tests", _rejected(result)),
        ("Gates", _gates(result)),
        ("Jobs", _jobs(result)),
        ("What went wrong", _problems(result.problems)),
    ):
        if content:
            parts += [Text(f"\n{title}", style="bold"), *content]
    return Group(*parts)


def plan_table(
    tasks: Sequence[Task],
    spec: Spec,
    component: Component,
    problems: Sequence[Problem],
    limit_of_cost: str,
) -> RenderableType:
    """The jobs that a run would start, in their order: requirements, size of the prompt.

    Below them stand what limits their cost, and what is to be said of the spec.
    """
    table = _table("", "module", "requirements", "prompt")
    for number, task in enumerate(tasks, 1):
        table.add_row(
            str(number),
            Text(one_line(task.module.removeprefix(component.path + "/"))),
            Text(one_line(", ".join(task.requirement_ids))),
            words.count(len(task.prompt), "character"),
        )
    requirements = words.count(len(spec.requirements), "requirement")
    modules = words.count(len(component.modules), "module")
    size = words.count(sum(len(task.prompt) for task in tasks), "character")
    head = f"{component.name} ({modules}) against {spec.path} ({requirements})"
    foot = f"{words.count(len(tasks), 'job')}, {size} of prompts. Nothing was started or spent."
    parts: list[RenderableType] = [Text(one_line(head), style="bold"), table, Text(foot)]
    if tasks:
        parts.append(Text(one_line(limit_of_cost)))
    return Group(*parts, *_problems(problems))


def _figures(result: WorkflowResult) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for figure in headline.figures(result):
        table.add_row(Text(figure.name), Text(figure.value, style="bold"))
    return Padding(table, (1, 0, 0, 2))


def _disputes(result: WorkflowResult) -> list[RenderableType]:
    return [
        Padding(_dispute(test, test.dispute, result), _INDENT)
        for test in ledger.having(result, "disputed")
        if test.dispute
    ]


def _dispute(test: TestVerdict, dispute: Dispute, result: WorkflowResult) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for label, value in (
        ("spec", f"{result.spec.path}:{dispute.spec_line}"),
        (
            words.code_label(dispute),
            f"{dispute.code_path}:{dispute.code_line}" if dispute.code_path else None,
        ),
        ("test", test.id),
        ("failed", dispute.statement),
        ("expected", dispute.expected),
        ("got", dispute.actual),
        ("seen", f"the same in {dispute.failures} of {test.runs} runs"),
    ):
        if value is not None:
            table.add_row(label, Text(one_line(value), overflow="fold"))
    said = Text(one_line(f"{dispute.requirement_id}: {dispute.requirement_text}"), style="yellow")
    return Group(said, Padding(table, _INDENT))


def _requirements(result: WorkflowResult) -> list[RenderableType]:
    rows = ledger.rows(result)
    if all(row.state == "not_verified" for row in rows):
        return []
    table = _table("requirement", "state", "tests", "mutants killed")
    for row in rows:
        state = words.STATES[row.state][1]
        tests = f"{len(row.tests)}" + (f" + {len(row.disputed)} disputed" if row.disputed else "")
        table.add_row(
            Text(one_line(f"{row.requirement.id} {row.requirement.title}")),
            Text(f"{state}: {row.note}" if row.note else state, style=_STYLES.get(row.state, "")),
            tests,
            "" if row.mutants_killed is None else str(row.mutants_killed),
        )
    return [table]


def _rejected(result: WorkflowResult) -> list[RenderableType]:
    tests, names = ledger.having(result, "rejected"), ledger.names(result)
    shown: list[RenderableType] = []
    for test in tests[:_REJECTS]:
        reason = words.reason(test)
        told = one_line(": ".join(filter(None, (names[test.id], reason, test.detail))), _LONGEST)
        shown.append(Padding(Text(told), _INDENT))
    if more := len(tests) - len(shown):
        shown.append(Padding(Text(f"and {more} more, in the report"), _INDENT))
    return shown


def _gates(result: WorkflowResult) -> list[RenderableType]:
    table = _table("gate", "status", "measured")
    for gate in result.gates:
        style = "" if gate.status in {"passed", "skipped"} else "red"
        table.add_row(
            Text(one_line(gate.name)),
            Text(gate.status, style=style),
            Text(one_line(words.gate(gate), _LONGEST)),
        )
    return [table] if result.gates else []


def _jobs(result: WorkflowResult) -> list[RenderableType]:
    table = _table("job", "outcome", "took")
    for number, job in enumerate(result.jobs, 1):
        table.add_row(
            Text(one_line(words.job_name(number, job, result.component))),
            Text(one_line(words.outcome(job)), style="" if job.status == "succeeded" else "red"),
            words.span(job.submitted_ms, job.ended_ms),
        )
    return [table] if result.jobs else []


def _problems(problems: Sequence[Problem]) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for problem in problems:
        stage = f"{words.STAGE_NAMES[problem.stage]}: " if problem.stage else ""
        shown.append(Padding(Text(f"{stage}{one_line(problem.message)}"), _INDENT))
        if problem.hint:
            shown.append(Padding(Text(one_line(problem.hint), style="italic"), (0, 0, 0, 4)))
    return shown


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
