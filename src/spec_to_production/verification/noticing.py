"""Whether a test notices that the component is broken: what its failures tell, and what not."""

from __future__ import annotations

import re

from spec_to_production.verification.evidence import Case
from spec_to_production.verification.mutation import Mutant
from spec_to_production.verification.replacements import asked_replacements
from spec_to_production.verification.runs import NULLS, Null, Outcome
from spec_to_production.verification.statements import (
    assertions,
    expects_exception,
    is_compared,
    is_raised,
    may_handle_exception,
)

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def tells(case: Case, mutant: Mutant, outcome: Outcome) -> bool:
    """Whether a failure is the test's own word that something is wrong.

    That some mutant made it crash shows only that it calls the code; that it misses a value which
    was taken away altogether, only that it looks for one. Where it expects an exception, it is its
    word that none came or another one; the latter for a test that does notice when none comes, or
    where the component raises another one than it did. In a constructor, which nulls leave in
    place, any other one is. What it raises itself, where nothing of the component is under way, is
    an assertion in other words.
    """
    if outcome.by_assertion:
        if _is_idle(case, outcome) or (_goes_along(case) and _compares_identities(outcome)):
            return False
        return not mutant.nulling or _says_what(outcome)
    if not mutant.function and outcome.component_frame is None and not mutant.nulling:
        # Without what stands around the functions, what it compares has no meaning at all.
        return is_compared(case.source, outcome.line)
    if _raises_itself(case, outcome):
        return not mutant.nulling
    if expects_exception(case.source, outcome.line):
        of_another_kind = mutant.other_error or _of_a_constructor(case, mutant, outcome)
        return of_another_kind or _notices_silence(case)
    return _notices_silence(case) and may_handle_exception(case.source, outcome.line)


def _is_idle(case: Case, outcome: Outcome) -> bool:
    """Whether an assertion does not come to run on the component as it is, as in a loop over
    nothing, or fails there and the component keeps it to itself: then it says nothing of it.
    """
    return any(outcome.line in one for one in _idle_assertions(case))


def _goes_along(case: Case) -> bool:
    """Whether a test passes with any value, if only each call gives the same one."""
    return passes_with(case, "truthy") and passes_with(case, "falsy")


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


def _says_what(outcome: Outcome) -> bool:
    """Whether an assertion says what it misses, where something is missing."""
    return "not raise" in outcome.message.lower() or _wants_one_object(outcome)


def _raises_itself(case: Case, outcome: Outcome) -> bool:
    return outcome.component_frame is None and is_raised(case.source, outcome.line)


def _notices_silence(case: Case) -> bool:
    """Whether a test notices that an exception does not come."""
    return any(
        null is not None and (null.by_assertion or _raises_itself(case, null))
        for null in case.nulls.values()
    )


def _of_a_constructor(case: Case, mutant: Mutant, outcome: Outcome) -> bool:
    """Whether another exception came out of a constructor than the one that is expected of it."""
    return (
        bool(mutant.function)
        and mutant.left_by_nulls
        and expects_exception(case.source, outcome.line, of_its_own=False)
    )


def _asserts_nothing(case: Case) -> bool:
    """Whether it has assertions, and none of them comes to run on the component as it is."""
    if case.function is None:
        return False
    first = case.function.line
    body = range(first, first + case.function.code.count("\n") + 1)
    own = {one for one in assertions(case.source) if one[0] in body}
    return bool(own) and own.issubset(_idle_assertions(case))


def _idle_assertions(case: Case) -> list[range]:
    """The lines of each assertion of its file that it did not run to its end, alone."""
    ran = case.outcomes[0].ran if case.outcomes else frozenset[int]()
    if not ran or case.elsewhere:
        return []  # that was not recorded
    return [one for one in assertions(case.source) if ran.isdisjoint(one)]


def is_real(case: Case) -> bool:
    """Whether a passing test was seen to tell when the code is broken.

    It must have told of a mutant. A test that passes with the raising null calls none of the
    functions that it would have to; it counts only for the code that nulls leave in place, and
    for what ran when its file was imported, for then nulls are not there. One
    that passes with the other two compares results with each other, and one with mocks may do so
    with what it gave to them: that values stop being equal to themselves says nothing about them.
    """
    replaced = _asked_replacements(case)
    if replaced:
        own = [kill.mutant.function.rpartition(".")[2] for kill in case.kills if kill.told]
        return not replaced.isdisjoint(own)  # what goes by the same name and passes it on
    if any(kill.told and kill.anew and kill.mutant.function for kill in case.kills):
        return True
    told = [kill.mutant for kill in case.kills if kill.told]
    if case.has_mocks and not case.runs_component:
        return False  # it talks to a mock, and to constants by the way
    if passes_with(case, "raising"):
        return any(mutant.left_by_nulls for mutant in told)
    if _goes_along(case) or case.has_mocks:
        return any(not mutant.function.endswith(("__eq__", "__ne__")) for mutant in told)
    return bool(told)


def _asked_replacements(case: Case) -> frozenset[str]:
    if case.function is None or case.is_inherited:
        return frozenset()
    return asked_replacements(case.source, case.function)


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
    if replaced := _asked_replacements(case):
        names = ", ".join(sorted(replaced))
        parts.append(f"It asserts only what it put in the place of {names} itself.")
    if _asserts_nothing(case):
        parts.append("None of its assertions comes to run.")
    if not case.kills:
        parts.append("It notices none of the mutants of the code that it runs.")
    elif not any(kill.told for kill in case.kills):
        parts.append("Faults make it crash, but it has no assertion that notices a wrong value.")
    return " ".join(parts)
