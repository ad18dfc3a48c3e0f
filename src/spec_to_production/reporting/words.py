"""How the reports name and write things: one wording for all of them."""

from __future__ import annotations

from typing import Final

from spec_to_production.results import (
    Change,
    Component,
    Dispute,
    FailureCause,
    Gate,
    Job,
    JobStatus,
    Reason,
    StageName,
    TaskKind,
    TestVerdict,
    Usage,
    VerdictName,
)

VERDICTS: Final[dict[VerdictName, str]] = {
    "accepted": "proven",
    "disputed": "disputed",
    "rejected": "rejected",
}

STATES: Final[dict[str, tuple[str, str]]] = {
    "proven": ("✅", "proven"),
    "disputed": ("⚖️", "disputed"),
    "untested": ("⬜", "no test"),
    "not_unit_testable": ("👁", "not shown by unit tests"),
    "not_verified": ("❔", "not verified"),
}

REASONS: Final[dict[Reason, str]] = {
    "syntax_error": "syntax error",
    "import_error": "import error",
    "setup_error": "its set-up fails",
    "not_collected": "not collected by pytest",
    "skipped": "skips itself",
    "hidden_failure": "hides a failure",
    "shadows": "replaces another test",
    "fails": "failing",
    "flaky": "flaky",
    "order_dependent": "depends on the order",
    "vacuous": "vacuous",
    "redundant": "adds nothing",
    "timeout": "timed out",
    "resource_limit": "over a resource limit",
    "unsafe": "unsafe",
    "out_of_scope": "out of scope",
}

JOB_STATUS: Final[dict[JobStatus, str]] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "timed_out": "timed out",
    "cancelled": "cancelled",
    "skipped": "skipped",
}

JOB_KINDS: Final[dict[TaskKind, str]] = {
    "test_generation": "test generation",
    "refactoring": "refactoring",
}

CAUSES: Final[dict[FailureCause, str]] = {
    "auth": "the key was refused",
    "quota": "the quota is used up",
    "rate_limit": "rate limit",
    "configuration": "configuration",
    "transient": "a temporary fault",
    "stuck": "the agent went in circles",
    "max_iterations": "the agent ran out of steps",
    "no_work": "the agent wrote no file",
    "server_lost": "the server went away",
    "deadline": "the deadline passed",
    "budget": "the budget was used up",
    "interrupted": "the run was interrupted",
    "refused_files": "its files were refused",
    "unknown": "unknown cause",
}

STAGE_NAMES: Final[dict[StageName, str]] = {
    "specification": "specification",
    "baseline": "baseline",
    "openhands_submission": "OpenHands submission",
    "refactoring": "refactoring",
    "openhands_collection": "OpenHands collection",
    "verification": "verification",
    "gates": "gates",
    "delivery": "delivery",
}

GATE_MARKS: Final[dict[str, str]] = {
    "passed": "✅",
    "failed": "❌",
    "error": "⚠️",
    "skipped": "⏭️",
}

_PERCENT: Final = "\N{NO-BREAK SPACE}%"

RECORDED: Final = (
    "The model was a recording: the answers were scripted in advance, "
    "so nothing here measures a model."
)


PROVEN: Final = (
    "A proven test passed in every run, and failed when the code was broken on purpose. Each such "
    "fault is a mutant; one that a test notices is killed."
)


def measured_before(when: str) -> str:
    """The note on a run that found everything as an earlier one left it."""
    return (
        f"Nothing has changed since the run of {when[:16].replace('T', ' ')} UTC: verdicts, "
        "coverage, mutation score, refactoring and gates are what it measured. Its tests ran once "
        "more and ended as they did then."
    )


def count(number: int, noun: str, many: str | None = None) -> str:
    """A number with its noun: ``1 test``, ``2 tests``."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def duration(milliseconds: float | None) -> str:
    """A duration for people: ``850 ms``, ``12.3 s``, ``1 m 12 s``, ``2 h 5 m``."""
    if milliseconds is None:
        return "not measured"
    seconds = milliseconds / 1000
    if abs(seconds) < 1:
        return f"{milliseconds:.0f} ms"
    if abs(seconds) < 59.95:  # noqa: PLR2004 - from here on it would read "60.0 s"
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} m {rest} s"
    return f"{minutes // 60} h {minutes % 60} m"


def span(start_ms: float | None, end_ms: float | None) -> str:
    """How long it took from one moment to another; empty when one of them is not known."""
    return "" if start_ms is None or end_ms is None else duration(end_ms - start_ms)


def percent(value: float | None) -> str:
    """A share without decimals, on one line; only the whole is 100 and only nothing is 0."""
    if value is None:
        return "not measured"
    rounded = round(value)
    if rounded == 100 and value < 100:  # noqa: PLR2004
        rounded = 99
    if rounded == 0 and value > 0:
        rounded = 1
    return f"{rounded}{_PERCENT}"


def change(measure: Change) -> str:
    """Before and after: ``61 → 88 %``."""
    if measure.before is None:
        return percent(measure.after)
    if measure.after is None:
        return f"{percent(measure.before)} before, after not measured"
    return f"{percent(measure.before).removesuffix(_PERCENT)} → {percent(measure.after)}"


def tokens(usage: Usage) -> str:
    """Prompt and completion together: ``870 tokens``, ``41k tokens``."""
    total = usage.prompt_tokens + usage.completion_tokens
    thousand = 1000
    if total < thousand:
        return count(total, "token")
    return f"{total / thousand:,.0f}k tokens"


def money(usage: Usage) -> str:
    """The cost in US dollars, where the model's price is known."""
    if usage.cost_usd is None:
        return "price not known"
    if 0 < usage.cost_usd < 0.01:  # noqa: PLR2004 - a cent
        return "under $0.01"
    return f"${usage.cost_usd:,.2f}"


def test_name(test_id: str) -> str:
    """A test without its file."""
    return test_id.partition("::")[2] or test_id


def code_label(dispute: Dispute) -> str:
    """What the line of the component is in a dispute."""
    return "returned at" if dispute.code_returned else "raised at"


def reason(test: TestVerdict) -> str:
    """Why a test was rejected."""
    return REASONS[test.reason] if test.reason else "rejected"


def job_name(number: int, job: Job, component: Component) -> str:
    """What a job is called in every report: its number, and its module within the component."""
    module = job.module.removeprefix(f"{component.path}/")
    return f"{number} {module} (refactoring)" if job.kind == "refactoring" else f"{number} {module}"


def outcome(job: Job) -> str:
    """How a job ended; one that failed in its own words, or by its cause."""
    told = job.message or (CAUSES[job.cause] if job.cause else "")
    status = f"{JOB_STATUS[job.status]}, from cache" if job.from_cache else JOB_STATUS[job.status]
    ended = f"{status}: {told}" if told else status
    refused = f"{count(len(job.refused), 'file')} refused" if job.refused else ""
    return ", ".join(filter(None, (ended, refused)))


def gate(value: Gate) -> str:
    """What a gate measured against what it asks, and its own words."""
    measured = ""
    if value.actual is not None and value.threshold is not None:
        if value.unit == "percent":
            measured = f"{value.actual:g} %, at least {value.threshold:g} %"
        else:
            measured = f"{value.actual:g} found, at most {value.threshold:g}"
    return "; ".join(filter(None, (measured, value.detail)))
