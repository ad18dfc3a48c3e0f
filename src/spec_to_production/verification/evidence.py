"""What is known of one test, and the rules that turn it into a verdict. Nothing runs here."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spec_to_production.results import Reason, VerdictName
from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.definitions import Function
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.runs import Line, Null, Outcome, Record

MISSING = "It is not there in every run: its name, or that of a parameter, changes."
_UNJUDGED = "It could not be judged: "
_OUT_OF_RESOURCES = ("MemoryError", "BlockingIOError")
_OUT_OF_RESOURCES_SAYS = (
    "File too large",
    "Too many open files",
    "can't start new thread",
    "Resource temporarily unavailable",
    "No space left on device",
)
_MOCK = re.compile(r"Mock\(\s*spec|\bpatch\b|\bcreate_autospec\b")
_OF_A_MOCK = re.compile(r"Mock object has no attribute|is not a valid assertion")
_NOT_AWAITED = re.compile(r"<coroutine object|'coroutine'")
_ABOUT_A_RESULT = ("AttributeError", "TypeError", "KeyError", "IndexError", "ValueError")


@dataclass(frozen=True)
class Ruling:
    """A verdict, the reason where it is a rejection, and what shows it in words."""

    verdict: VerdictName
    reason: Reason | None
    detail: str


@dataclass(frozen=True)
class Kill:
    """A mutant that a test noticed.

    Attributes:
        mutant: The mutant.
        told: The test said so itself; see :meth:`Case.tells`.
        anew: Everything was imported with it, so it was there when the test's module ran.
    """

    mutant: Mutant
    told: bool
    anew: bool = False


@dataclass(frozen=True)
class Case:
    """One test, and all that was seen of it so far.

    Attributes:
        id: Its pytest id under the path that was handed in.
        placed_id: Its pytest id under the path where it is judged.
        outcomes: How it ended in every run on the unchanged component, the first one alone.
        nulls: How it ended with each null implementation; ``None`` when it broke off.
        imported: The component's lines that run when its file is imported.
        spawns: It starts processes, in which its coverage is not seen.
        elsewhere: The text of the file that it is defined in, where that is another one.
        by_examples: It is a property test, which tries examples.
        ruling: The verdict, once it is certain.
    """

    id: str
    placed_id: str
    candidate: Candidate
    function: Function | None
    requirements: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    nulls: Mapping[Null, Outcome | None] = field(default_factory=dict)
    kills: tuple[Kill, ...] = ()
    imported: frozenset[Line] = frozenset()
    spawns: bool = False
    elsewhere: str = ""
    by_examples: bool = False
    ruling: Ruling | None = None

    @property
    def source(self) -> str:
        """The text of the file that it is defined in."""
        return self.elsewhere or self.candidate.content

    @property
    def lines(self) -> frozenset[Line]:
        """The component's lines that it ran, alone."""
        return self.outcomes[0].lines if self.outcomes else frozenset()

    @property
    def runs_component(self) -> bool:
        """Whether it ran lines of the component, as far as that can be seen."""
        return bool(self.lines) or self.spawns

    @property
    def uses_component(self) -> bool:
        """Whether it, or what it stands on in its file, takes something from the component."""
        return self.function is not None and bool(self.function.imports & self.candidate.component)

    @property
    def has_mocks(self) -> bool:
        """Whether it makes mocks in the place of something real."""
        return self.function is not None and bool(_MOCK.search(self.function.code))

    @property
    def duration_ms(self) -> float | None:
        """How long it took, alone."""
        return self.outcomes[0].duration_ms if self.outcomes else None

    @property
    def names(self) -> tuple[str, ...]:
        """Those of its classes, as it was collected in them, and its own; none of a whole file."""
        names = self.placed_id.partition("::")[2].partition("[")[0]
        return tuple(names.split("::")) if names else ()

    @property
    def defined_as(self) -> str:
        """The qualified name of its function; nothing when that is from another file."""
        return self.function.name if self.function else ""

    @property
    def is_inherited(self) -> bool:
        """Whether it is defined elsewhere than where it was collected."""
        return self.defined_as != ".".join(self.names)

    @property
    def passes(self) -> bool:
        """Whether it passed every run so far, and there was one."""
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    def is_(self, verdict: VerdictName) -> bool:
        """Whether this is the verdict."""
        return self.ruling is not None and self.ruling.verdict == verdict

    def rejected(self, reason: Reason, detail: str) -> Case:
        """The case, closed with a reason."""
        return replace(self, ruling=Ruling("rejected", reason, detail))

    def unjudged(self, why: str) -> Case:
        """The case, closed for a check that could not be made: neither accused nor accepted."""
        return self.rejected("not_collected", f"{_UNJUDGED}{why}")

    @property
    def is_unjudged(self) -> bool:
        """Whether it was closed by :meth:`unjudged`."""
        return self.ruling is not None and self.ruling.detail.startswith(_UNJUDGED)

    def seen(self, outcome: Outcome) -> Case:
        """The case with one more run."""
        return replace(self, outcomes=(*self.outcomes, outcome))


def after_first_run(case: Case, record: Record) -> Case:
    """Close a case whose first run, alone, settles it already."""
    if record.deeds:
        return case.rejected("unsafe", f"It {record.deeds[0]}.")
    if record.ending == "tampered":
        return case.rejected("unsafe", "It wrote into the channel of the test runner.")
    outcome = case.outcomes[0] if case.outcomes else None
    if outcome is None and record.ending == "finished":
        return case.rejected("not_collected", MISSING)
    if outcome is None:
        return case.rejected(*broke_off(record))
    if record.replaced:
        names = ", ".join(record.replaced[:3])
        return case.rejected("unsafe", f"It left something else in the place of {names}.")
    return after_outcome(case, outcome)


def after_outcome(case: Case, outcome: Outcome) -> Case:
    """Close a case for which no second run is needed."""
    told = outcome.message
    match outcome.outcome:
        case "skipped":
            return case.rejected("skipped", f"It is skipped: {told.removeprefix('Skipped: ')}")
        case "xfailed":
            return case.rejected("hidden_failure", f"An xfail mark hides that it fails: {told}")
        case "xpassed":
            return case.rejected("hidden_failure", "It carries an xfail mark, though it passes.")
    if not outcome.passed and _ran_out(outcome):
        return case.rejected("resource_limit", told)
    if outcome.outcome == "setup_error":
        return case.rejected("setup_error", told)
    return case


def broke_off(record: Record) -> tuple[Reason, str]:
    """Why a run ended in the middle of a test."""
    if record.ending == "timed_out":
        return "timeout", "It was stopped: it took longer than `test-timeout` lets a test."
    if record.status is not None and record.status < 0:
        name = signal.Signals(-record.status).name
        if name in ("SIGXCPU", "SIGXFSZ"):
            return "resource_limit", f"It was ended by {name}."
        return "unsafe", f"It ended the process that runs the tests ({name})."
    return "unsafe", "It ended the process that runs the tests."


def is_disputable(case: Case) -> bool:
    """Whether a failing test may accuse the code, if it names a requirement.

    It ran code of the component, and failed by an assertion, by an exception out of the component
    or by one about a result of the component. Nothing runs of a generator that nobody asks for
    items, of a constant or of fields; there, only an assertion tells.
    """
    first = case.outcomes[0]
    if not case.runs_component:
        return case.uses_component and first.by_assertion and not case.has_mocks
    if first.error == "AttributeError" and _OF_A_MOCK.search(first.message):
        return False  # a slip of the test: mocks are its own
    return first.by_assertion or (
        first.error in _ABOUT_A_RESULT
        or (first.component_frame is not None and not first.error.endswith("ImportError"))
    )


def _awaits_nothing(case: Case) -> bool:
    """Whether it took what an asynchronous function gives for its result: then none of it ran."""
    told = case.outcomes[0].message
    return not case.runs_component and _NOT_AWAITED.search(told) is not None


def after_repeats(case: Case, known: str) -> Case:
    """Close a case that failed, once all its repeats are known.

    Args:
        case: The case.
        known: Requirements of the spec, as it could have named them.
    """
    if case.passes:
        return case
    failures = [outcome for outcome in case.outcomes if not outcome.passed]
    first = failures[0]
    if len(failures) < len(case.outcomes):
        return case.rejected(
            "flaky", f"It failed in {len(failures)} of {len(case.outcomes)} runs: {first.message}"
        )
    before = _why_no_dispute(case, known)
    if before is not None:
        return case.rejected("fails", before + first.message)
    return replace(case, ruling=Ruling("disputed", None, first.message))


def _why_no_dispute(case: Case, known: str) -> str | None:
    """What is to be said before the message of a test that always fails and accuses nobody."""
    if _awaits_nothing(case):
        return "It does not await what an asynchronous function gave it: "
    if not is_disputable(case) or case.outcomes[0].outcome != "failed":
        return ""
    ways = {(outcome.error, outcome.line) for outcome in case.outcomes}
    if len(ways) > 1:
        return f"It fails in {len(ways)} different ways: "
    if not case.requirements:
        return f"It names no requirement of the spec (which has {known}), so it is no dispute: "
    return None


def _ran_out(outcome: Outcome) -> bool:
    return outcome.error in _OUT_OF_RESOURCES or any(
        words in outcome.message for words in _OUT_OF_RESOURCES_SAYS
    )
