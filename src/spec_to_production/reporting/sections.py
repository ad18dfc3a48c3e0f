"""The sections of the comment and the summary, in reading order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from shlex import quote

from spec_to_production.reporting import chart, escape, headline, ledger, words
from spec_to_production.reporting.blocks import block
from spec_to_production.reporting.fit import Section, Unit
from spec_to_production.reporting.links import Links
from spec_to_production.results import Dispute, WorkflowResult


def sections(result: WorkflowResult, links: Links) -> tuple[Section, ...]:
    """All that there is to say; a section without content is not there."""
    everything = (
        _head(result, links),
        _disputes([result], links),
        _problems([result]),
        _requirements(result),
        _take(result, links),
        _proven(result),
        _rejected(result),
        _refactoring(result),
        _gates(result),
        _jobs(result, links),
        _time(result),
        _checks(result),
        Section(block("foot", result=result, links=links)),
    )
    return tuple(section for section in everything if section is not None)


def overview(results: Sequence[WorkflowResult], links: Links) -> tuple[Section, ...]:
    """Several results of one run: a table with a row for each, and what needs a person."""
    title = block("title", mark=headline.worst(results), verdict=headline.verdict_on(results))
    proven = any(_take(result, links) for result in results)
    everything = (
        Section(title),
        _comparison(results),
        _disputes(results, links),
        _problems(results),
        _taking(links, "--allow-empty {}*/changes.patch") if proven else None,
        Section(block("foot", result=results[0], links=links)),
    )
    return tuple(section for section in everything if section is not None)


def _comparison(results: Sequence[WorkflowResult]) -> Section:
    rows = (
        block(
            "overview_row",
            mark=headline.mark(result),
            result=result,
            verdict=headline.verdict(result),
            figures=headline.figures(result)[:3],
        )
        for result in results
    )
    names = (figure.name for figure in headline.figures(results[0])[:3])
    head = _table("", "component", "spec", "verdict", *names)
    return Section("#### Components", _units(rows), head)


def _head(result: WorkflowResult, links: Links) -> Section:
    return Section(
        block(
            "head",
            mark=headline.mark(result),
            verdict=headline.verdict(result),
            result=result,
            next_step=headline.next_step(result),
            figures=headline.figures(result),
            warnings=headline.warnings(result),
            links=links,
        )
    )


def _disputes(results: Sequence[WorkflowResult], links: Links) -> Section | None:
    units = []
    for component, result in _named(results):
        titles = {requirement.id: requirement.title for requirement in result.spec.requirements}
        names = ledger.names(result)
        for test in ledger.having(result, "disputed"):
            if test.dispute is None:
                continue
            told = {
                "component": component,
                "name": names[test.id],
                "test": test,
                "dispute": test.dispute,
            }
            terse = block("dispute_terse", **told)
            title = _unsaid(titles.get(test.dispute.requirement_id, ""), test.dispute)
            evidence = block("dispute", **told, spec=result.spec, title=title, links=links)
            code = block("folded_code", code=test.code)
            units.append(Unit.of(terse, evidence, f"{evidence}\n\n{code}"))
    if not units:
        return None
    return Section("#### Spec and code disagree", tuple(units), blocks=True, leads=True)


def _unsaid(title: str, dispute: Dispute) -> str:
    """A requirement's title, unless it is only the beginning of the words that are quoted."""
    said, begins = escape.one_line(dispute.requirement_text), escape.one_line(title)
    return "" if said.startswith(begins.removesuffix(" …")) else title


def _problems(results: Sequence[WorkflowResult]) -> Section | None:
    units = _units(
        block(
            "problem",
            component=component,
            problem=problem,
            stage=problem.stage and words.STAGE_NAMES[problem.stage],
        )
        for component, result in _named(results)
        for problem in result.problems
    )
    return Section("#### What went wrong", units) if units else None


def _named(results: Sequence[WorkflowResult]) -> Iterator[tuple[str, WorkflowResult]]:
    """Each result with its component's name, where there are several to tell apart."""
    for result in results:
        yield result.component.name if len(results) > 1 else "", result


def _requirements(result: WorkflowResult) -> Section | None:
    ledger_rows = ledger.rows(result)
    if all(row.state == "not_verified" for row in ledger_rows):
        return None
    head = _table("requirement", "state", "tests", "kills")
    rows = (
        block("requirement_row", row=row, icon=icon, state=state)
        for row in ledger_rows
        for icon, state in (words.STATES[row.state],)
    )
    return Section("#### Requirements", _units(rows), head)


def _take(result: WorkflowResult, links: Links) -> Section | None:
    if not result.jobs or result.interrupted or not ledger.having(result, "accepted"):
        return None
    return _taking(links, "{}changes.patch")


def _taking(links: Links, patches: str) -> Section | None:
    """The command that takes the tests; ``{}`` in ``patches`` stands for the report's folder."""
    command = f"git apply {patches.format('')}"
    if links.run_id and links.artifact_name:
        name = quote(links.artifact_name)
        download = f"gh run download {links.run_id} --name {name} --dir report"
        command = f"{download} && git apply {patches.format('report/')}"
    return _folded("Take the tests: one command", _units([escape.fence(command, "sh")]))


def _proven(result: WorkflowResult) -> Section | None:
    tests = [test for test in ledger.ordered(result) if test.verdict == "accepted"]
    names = ledger.names(result)
    units = []
    for code, cases in groupby(tests, key=lambda test: test.code or test.id):  # of one function
        terse = "\n\n".join(block("proven", name=names[test.id], test=test) for test in cases)
        full = f"{terse}\n\n{escape.fence(code, 'python')}"
        units.append(Unit.of(terse, full) if "\n" in code else Unit.of(terse))
    title = words.count(len(tests), "proven test")
    return _folded(title, units, f"{words.PROVEN}\n", blocks=True)


def _rejected(result: WorkflowResult) -> Section | None:
    tests = ledger.having(result, "rejected")
    names = ledger.names(result)
    rows = (
        block("reject", name=names[test.id], test=test, reason=words.reason(test)) for test in tests
    )
    told = _tally(words.reason(test) for test in tests)
    return _folded(f"{len(tests)} rejected: {told}", _units(rows))


def _refactoring(result: WorkflowResult) -> Section | None:
    refactoring = result.refactoring
    if refactoring is None or refactoring.status == "skipped":
        return None
    units = []
    if refactoring.detail:
        units.append(Unit.of(escape.text(refactoring.detail, 400)))
    if refactoring.steps:
        rows = (block("step_row", step=step) for step in refactoring.steps)
        units.append(Unit.of("\n".join((_table("step", "outcome", "detail"), *rows))))
    if refactoring.patch:
        diff = escape.fence(refactoring.patch, "diff")
        units.append(Unit.of("The diff is too long for this place.", diff))
    title = f"Refactoring: {refactoring.status.replace('_', ' ')}"
    if refactoring.status == "kept" and refactoring.steps:
        told = _tally(step.status.replace("_", " ") for step in refactoring.steps)
        title = f"Refactoring, by step: {told}"
    return _folded(title, units, blocks=True)


def _gates(result: WorkflowResult) -> Section | None:
    rows = (
        block("gate_row", gate=gate, mark=words.GATE_MARKS[gate.status], measured=words.gate(gate))
        for gate in result.gates
    )
    told = _tally(gate.status for gate in result.gates)
    head = _table("status", "gate", "measured")
    return _folded(f"Gates for {result.target}: {told}", _units(rows), head)


def _jobs(result: WorkflowResult, links: Links) -> Section | None:
    rows = (
        block(
            "job",
            job=job,
            name=words.job_name(number, job, result.component),
            outcome=words.outcome(job),
            took=words.span(job.submitted_ms, job.ended_ms),
            spent="tokens and cost recorded"
            if result.model_is_recorded
            else f"{words.tokens(job.usage)}, {words.money(job.usage)}",
            links=links,
        )
        for number, job in enumerate(result.jobs, 1)
    )
    told = _tally(words.JOB_STATUS[job.status] for job in result.jobs)
    return _folded(f"{words.count(len(result.jobs), 'job')}: {told}", _units(rows))


def _time(result: WorkflowResult) -> Section | None:
    lanes = chart.lanes(result)
    blocks = [block("gantt", lanes=lanes, wall_ms=result.wall_ms)] if lanes else []
    return _folded("Where the time went", _units(blocks))


def _checks(result: WorkflowResult) -> Section | None:
    checks = result.verification.checks if result.verification else ()
    made = sum(check.made for check in checks)
    title = f"How the tests were judged: {made} of {words.count(len(checks), 'check')} made"
    rows = (block("check_row", check=check) for check in checks)
    return _folded(title, _units(rows), _table("status", "check", "detail"))


def _folded(
    title: str, units: Iterable[Unit], preface: str = "", *, blocks: bool = False
) -> Section | None:
    """A section that unfolds; none when there is nothing in it."""
    made = tuple(units)
    return Section(escape.text(title), made, preface, blocks, folded=True) if made else None


def _units(texts: Iterable[str]) -> tuple[Unit, ...]:
    return tuple(Unit.of(text) for text in texts)


def _table(*columns: str) -> str:
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"


def _tally(words_: Iterable[str]) -> str:
    """``3 flaky, 1 vacuous``: the most frequent first."""
    return ", ".join(f"{number} {word}" for word, number in Counter(words_).most_common())
