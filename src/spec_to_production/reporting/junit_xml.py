"""The verdicts as JUnit XML: accepted passes, disputed fails, rejected is skipped."""

from __future__ import annotations

from typing import cast

from junitparser import Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite

from spec_to_production.reporting import ledger, words
from spec_to_production.reporting.escape import visible
from spec_to_production.results import Dispute, TestVerdict, WorkflowResult


def junit(result: WorkflowResult) -> str:
    """A document with one suite, every test a case, every requirement a property of the suite."""
    suite = TestSuite(visible(f"{result.component.name} against {result.spec.path}"))
    suite.timestamp = result.started_at
    for row in ledger.rows(result):
        suite.add_property(visible(f"requirement:{row.requirement.id}"), row.state)
    if result.model_is_recorded:
        suite.add_property("model_is_recorded", "true")
    suite.add_testcases([_case(test) for test in ledger.ordered(result)])
    document = JUnitXml("spec-to-production")
    document.add_testsuite(suite)
    document.update_statistics()
    return cast("bytes", document.tostring()).decode()


def _case(test: TestVerdict) -> TestCase:
    path, _, name = test.id.partition("::")
    classname = path.removesuffix(".py").replace("/", ".")
    case = TestCase(visible(name or test.id), visible(classname))
    if test.duration_ms is not None:
        case.time = test.duration_ms / 1000
    if test.requirements:
        properties = Properties()
        for id_ in test.requirements:
            properties.add_property(Property("requirement", visible(id_)))
        case.append(properties)
    if test.verdict == "rejected":
        told = filter(None, (words.reason(test), test.detail))
        case.result = [Skipped(visible(": ".join(told)))]
    elif test.verdict == "disputed":
        failure = Failure("spec and code disagree", "dispute")
        failure.text = visible(_evidence(test, test.dispute) if test.dispute else test.detail)
        case.result = [failure]
    return case


def _evidence(test: TestVerdict, dispute: Dispute) -> str:
    place = f"{dispute.code_path}:{dispute.code_line}" if dispute.code_path else "not known"
    return "\n".join(
        (
            f"{dispute.requirement_id}, line {dispute.spec_line}: {dispute.requirement_text}",
            f"statement: {dispute.statement}",
            f"expected: {dispute.expected or 'not said'}",
            f"got: {dispute.actual or 'not said'}",
            f"{words.code_label(dispute)}: {place}",
            f"the same in {dispute.failures} of {test.runs} runs",
        )
    )
