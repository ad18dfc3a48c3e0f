"""What is known of one test, and the rules that turn it into a verdict. Nothing runs here."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spec_to_production.results import Reason, VerdictName
from spec_to_production.verification.candidates import (
    Candidate,
    assertions,
    expects_exception,
    is_compared,
    is_raised,
    may_handle_exception,
)
from spec_to_production.verification.definitions import Function
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.runs import NULLS, Line, Null, Outcome, Record

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
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
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

    @property
    def goes_along(self) -> bool:
        """Whether it passes with any value, if only each call gives the same one."""
        return passes_with(self, "truthy") and passes_with(self, "falsy")

    def is_(self, verdict: VerdictName) -> bool:
        """Whether this is the verdict."""
        return self.ruling is not None and self.ruling.verdict == verdict

    def tells(self, mutant: Mutant, outcome: Outcome) -> bool:
        """Whether a failure is the test's own word that something is wrong.

        That some mutant made it crash shows only that it calls the code; that it misses a
        value which was taken away altogether, only that it looks for one. Where it expects an
        exception, it is its word that none came or another one; the latter for a test that
        does notice when none comes, or where the component raises another one than it did. In
        a constructor, which nulls leave in place, any other one is. What it raises itself, where
        nothing of the component is under way, is an assertion in other words. An assertion that
        does not come to run on the component as it is, as in a loop over nothing, says nothing
        of it.
        """
        if outcome.by_assertion:
            idle = any(outcome.line in one for one in self._idle_assertions())
            if idle or (self.goes_along and _compares_identities(outcome)):
                return False
            says_what = "not raise" in outcome.message.lower() or _wants_one_object(outcome)
            return not mutant.nulling or says_what
        if not mutant.function and outcome.component_frame is None and not mutant.nulling:
            # Without what stands around the functions, what it compares has no meaning at all.
            return is_compared(self.source, outcome.line)
        source = self.source
        if self._raises_itself(outcome):
            return not mutant.nulling
        notices_silence = any(
            null is not None and (null.by_assertion or self._raises_itself(null))
            for null in self.nulls.values()
        )
        if expects_exception(source, outcome.line):
            of_a_constructor = bool(mutant.function) and mutant.left_by_nulls
            return (
                notices_silence
                or mutant.other_error
                or (of_a_constructor and expects_exception(source, outcome.line, of_its_own=False))
            )
        return notices_silence and may_handle_exception(source, outcome.line)

    @property
    def asserts_nothing(self) -> bool:
        """Whether it has assertions, and none of them comes to run on the component as it is."""
        if self.function is None:
            return False
        first = self.function.line
        body = range(first, first + self.function.code.count("\n") + 1)
        own = {one for one in assertions(self.source) if one[0] in body}
        return bool(own) and own.issubset(self._idle_assertions())

    def _idle_assertions(self) -> list[range]:
        """The lines of each assertion of its file that it did not run, alone."""
        ran = self.outcomes[0].ran if self.outcomes else frozenset[int]()
        if not ran or self.elsewhere:
            return []  # that was not recorded
        return [one for one in assertions(self.source) if ran.isdisjoint(one)]

    def _raises_itself(self, outcome: Outcome) -> bool:
        return outcome.component_frame is None and is_raised(self.source, outcome.line)

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


def _compares_identities(outcome: Outcome) -> bool:
    """Whether two objects were compared that are equal to themselves only, as generators are.

    They look alike, but for an address; and two that are asked to be equal, alike in all.
    """
    if outcome.comparison is None:
        return False
    left, operator, right = outcome.comparison
    one, other = _ADDRESS.sub("", left), _ADDRESS.sub("", right)
    return one == other and (one != left or operator == "==")


def _wants_one_object(outcome: Outcome) -> bool:
    """Whether a certain object was asked for, which is more than its being there or its type.

    One that looks like ``<this>``, as functions and classes do, has no other value than itself.
    """
    if outcome.comparison is None:
        return False
    left, operator, right = outcome.comparison
    wanted = right if left == "None" else left
    if "None" in (left, right) and wanted.startswith("<"):
        return operator in ("is", "==")
    return operator == "is" and not wanted.startswith(("None", "True", "False", "<class "))


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


def is_real(case: Case) -> bool:
    """Whether a passing test was seen to tell when the code is broken.

    It must have told of a mutant. A test that passes with the raising null calls none of the
    functions that it would have to; it counts only for the code that nulls leave in place, and
    for what ran when its file was imported, for then nulls are not there. One
    that passes with the other two compares results with each other, and one with mocks may do so
    with what it gave to them: that values stop being equal to themselves says nothing about them.
    """
    if any(kill.told and kill.anew and kill.mutant.function for kill in case.kills):
        return True
    told = [kill.mutant for kill in case.kills if kill.told]
    if case.has_mocks and not case.runs_component:
        return False  # it talks to a mock, and to constants by the way
    if passes_with(case, "raising"):
        return any(mutant.left_by_nulls for mutant in told)
    if case.goes_along or case.has_mocks:
        return any(not mutant.function.endswith(("__eq__", "__ne__")) for mutant in told)
    return bool(told)


def passes_with(case: Case, null: Null) -> bool:
    """Whether a test passes with one null implementation in place."""
    outcome = case.nulls.get(null)
    return outcome is not None and outcome.passed


def why_vacuous(case: Case) -> str:
    """What was seen of a test that is not real, in words."""
    passed = [null for null in NULLS if passes_with(case, null)]
    parts = []
    if not case.runs_component:
        parts.append("It runs no line of the component.")
    if passed:
        values = ", ".join(null for null in passed if null != "raising")
        ways = [f"returns something arbitrary ({values})"] * bool(values)
        ways += ["raises"] * ("raising" in passed)
        parts.append(f"It still passes when every function {' or '.join(ways)}.")
    if case.asserts_nothing:
        parts.append("None of its assertions comes to run.")
    if not case.kills:
        parts.append("It notices none of the mutants of the code that it runs.")
    elif not any(kill.told for kill in case.kills):
        parts.append("Faults make it crash, but it has no assertion that notices a wrong value.")
    return " ".join(parts)


def _ran_out(outcome: Outcome) -> bool:
    return outcome.error in _OUT_OF_RESOURCES or any(
        words in outcome.message for words in _OUT_OF_RESOURCES_SAYS
    )
