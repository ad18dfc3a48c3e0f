"""What a reader learns first: the verdict in a sentence, what to do, and the key figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spec_to_production.reporting import ledger, words
from spec_to_production.reporting.escape import one_line
from spec_to_production.results import Usage, VerdictName, Verification, WorkflowResult

_MARKS = ("⏹️", "⚖️", "❌", "⚠️", "✅")
_NAMED = 3
_LONGEST_ID = 40
_LONGEST = 240
_RED = {"failed": "The existing tests fail", "error": "The existing tests could not be run"}


class Figure(NamedTuple):
    """A measure by name, ready to read."""

    name: str
    value: str


def mark(result: WorkflowResult) -> str:
    """One sign for the whole run."""
    if result.interrupted:
        return "⏹️"
    if _number(result, "disputed"):
        return "⚖️"
    if not _number(result, "accepted"):
        return "❌"
    return "⚠️" if _unpassed_gates(result) or _failed_jobs(result) else "✅"


def verdict(result: WorkflowResult) -> str:
    """The verdict in a sentence, without foreign text."""
    disputed = _number(result, "disputed")
    parts = (
        "interrupted" if result.interrupted else "",
        f"{words.count(disputed, 'dispute needs', 'disputes need')} a decision" if disputed else "",
        _tests(result),
        f"{_gates(result)} gates for {result.target} passed" if _unpassed_gates(result) else "",
    )
    sentence = " · ".join(filter(None, parts))
    return sentence[0].upper() + sentence[1:]


def worst(results: Sequence[WorkflowResult]) -> str:
    """One sign for several results: that of the one which needs a person most."""
    return min(map(mark, results), key=_MARKS.index)


def verdict_on(results: Sequence[WorkflowResult]) -> str:
    """The verdict on several results in a sentence, without foreign text."""
    disputed = sum(_number(result, "disputed") for result in results)
    proven = sum(_number(result, "accepted") for result in results)
    parts = (
        f"{words.count(disputed, 'dispute needs', 'disputes need')} a decision" if disputed else "",
        f"{words.count(proven, 'test')} proven" if proven else "No test proven",
        words.count(len(results), "component"),
    )
    return " · ".join(filter(None, parts))


def next_step(result: WorkflowResult) -> str:
    """What the reader is asked to do now. It may hold foreign text."""
    steps = []
    if ids := _disputed_requirements(result):
        steps.append(f"Decide on {_first(ids)}: correct the code, or the spec.")
    proven = _number(result, "accepted")
    if proven and not result.jobs:
        steps += _held_up(result)
    elif proven and result.interrupted:
        steps.append(
            "Run it again: it was stopped before it wrote the proven tests to changes.patch."
        )
    elif proven:
        ready = words.count(proven, "proven test is", "proven tests are")
        steps.append(f"{ready} ready to take from changes.patch.")
    if not steps:
        steps.append(_why_nothing(result))
    return " ".join(steps)


def figures(result: WorkflowResult) -> tuple[Figure, ...]:
    """The key measures of the run, most wanted first; what was not measured says so."""
    found = result.verification or Verification()
    measures = [
        Figure("requirements proven", _proven_requirements(result)),
        Figure("coverage", words.change(found.coverage)),
        Figure("mutation score", words.change(found.mutation)),
        Figure("time", words.duration(result.wall_ms)),
    ]
    if result.parallel_execution_savings_ms > 0:
        saved = words.duration(result.parallel_execution_savings_ms)
        measures.append(Figure("saved by running side by side", saved))
    if _failed_jobs(result):
        measures.append(Figure("jobs failed", f"{_failed_jobs(result)} of {len(result.jobs)}"))
    if result.model_is_recorded:
        measures.append(Figure("model", "recorded"))
    elif result.usage != Usage():
        measures.append(Figure("spent", _spent(result)))
    return tuple(measures)


def _spent(result: WorkflowResult) -> str:
    by_kind = result.usage_by_kind
    total = f"{words.tokens(result.usage)}, {words.money(result.usage)}"
    if len(by_kind) == 1:
        return total
    shares = (f"{words.JOB_KINDS[kind]} {words.tokens(usage)}" for kind, usage in by_kind.items())
    return f"{total} ({', '.join(shares)})"


def warnings(result: WorkflowResult) -> tuple[str, ...]:
    """What a reader must know before trusting the figures. It may hold foreign text."""
    told = []
    if result.model_is_recorded:
        told.append(words.RECORDED)
    if result.measured_at:
        told.append(words.measured_before(result.measured_at))
    if result.fallback:
        reason = one_line(result.fallback, _LONGEST)
        told.append(f"The stages ran one after another, for side by side failed: {reason}")
    if result.baseline and result.baseline.status in _RED:
        detail = f": {one_line(result.baseline.detail, _LONGEST)}" if result.baseline.detail else ""
        told.append(f"{_RED[result.baseline.status]} on the untouched code{detail}")
    return tuple(told)


def _tests(result: WorkflowResult) -> str:
    if result.verification is None:
        under_way = _is_stopped_in_verification(result)
        seen = "verification was under way" if under_way else "nothing verified"
        if written := _unjudged(result):
            return f"{words.count(written, 'file')} written, {seen}"
        if under_way:
            return seen
    if result.verification is None or not result.verification.tests:
        return "no tests were generated" if result.tasks else "no tests were judged"
    proven, rejected = _number(result, "accepted"), _number(result, "rejected")
    told = f"{words.count(proven, 'test')} proven" if proven else "no test proven"
    return f"{told}, {rejected} rejected" if rejected else told


def _disputed_requirements(result: WorkflowResult) -> list[str]:
    tests = result.verification.tests if result.verification else ()
    return list(dict.fromkeys(test.dispute.requirement_id for test in tests if test.dispute))


def _first(ids: Sequence[str]) -> str:
    named = ", ".join(one_line(id_, _LONGEST_ID) for id_ in ids[:_NAMED])
    return f"{named} and {len(ids) - _NAMED} more" if len(ids) > _NAMED else named


def _held_up(result: WorkflowResult) -> Iterator[str]:
    """What is left to do where the tests were there before."""
    proven, rejected = _number(result, "accepted"), _number(result, "rejected")
    held, unnamed = f"{words.count(proven, 'test')} held up", _unnamed_requirements(result)
    if rejected:
        told = words.count(proven + rejected, "test")
        held = f"{proven} of {told} held up; see below why the others did not"
    if result.interrupted:
        yield f"Run it again: it was stopped after {held}."
    elif rejected or unnamed or _number(result, "disputed"):
        yield f"{held}."
    elif _unpassed_gates(result):
        yield f"{held}; see below what did not pass."
    else:
        yield f"{held}: there is nothing to do."
    if unnamed:
        yield (
            f"No test names {_first(unnamed)}: write an id into the name or the docstring of the "
            "test that stands for it."
        )


def _unnamed_requirements(result: WorkflowResult) -> list[str]:
    tests = result.verification.tests if result.verification else ()
    named = {id_ for test in tests for id_ in test.requirements}
    untested = (row.requirement.id for row in ledger.rows(result) if row.state == "untested")
    return [id_ for id_ in untested if id_ not in named]


def _proven_requirements(result: WorkflowResult) -> str:
    states = [row.state for row in ledger.rows(result)]
    if set(states) == {"not_verified"}:
        return "not verified"
    return f"{states.count('proven')} of {len(states) - states.count('not_unit_testable')}"


def _gates(result: WorkflowResult) -> str:
    asked = [gate.status for gate in result.gates if gate.status != "skipped"]
    return f"{asked.count('passed')} of {len(asked)}"


def _why_nothing(result: WorkflowResult) -> str:
    if result.interrupted:
        return f"Run it again: {_what_was_cut(result)}"
    if _number(result, "rejected"):
        return "See below why each test was rejected."
    for problem in result.errors:
        return one_line(problem.hint or problem.message, _LONGEST)
    for number, job in enumerate(result.jobs, 1):
        if job.status != "succeeded":
            name = words.job_name(number, job, result.component)
            return one_line(f"Job {name} {words.outcome(job)}", _LONGEST)
    return "There was nothing to generate." if not result.tasks else "See the jobs below."


def _what_was_cut(result: WorkflowResult) -> str:
    if unjudged := _unjudged(result):
        told = words.count(unjudged, "file of tests was", "files of tests were")
        kept = "it with its job" if unjudged == 1 else "them with their jobs"
        return f"{told} not judged yet; report.json keeps {kept}."
    if _is_stopped_in_verification(result):
        return "it was stopped in verification, before the first verdict."
    if rejected := _number(result, "rejected"):
        told = words.count(rejected, "test was", "tests were")
        return f"it was stopped after {told} rejected; see below why."
    return "it was stopped before there was anything to show."


def _unjudged(result: WorkflowResult) -> int:
    """How many files the jobs wrote that no verdict is about."""
    tests = result.verification.tests if result.verification else ()
    judged = {test.id.partition("::")[0] for test in tests}
    return sum(file.path not in judged for job in result.jobs for file in job.files)


def _is_stopped_in_verification(result: WorkflowResult) -> bool:
    began = result.stage_timings.get("verification") is not None
    return result.interrupted and began and result.verification is None


def _number(result: WorkflowResult, verdict: VerdictName) -> int:
    return len(ledger.having(result, verdict))


def _unpassed_gates(result: WorkflowResult) -> int:
    return sum(gate.status in {"failed", "error"} for gate in result.gates)


def _failed_jobs(result: WorkflowResult) -> int:
    return sum(job.status in {"failed", "timed_out"} for job in result.jobs)
