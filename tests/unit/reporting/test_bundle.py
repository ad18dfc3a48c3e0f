import json

import pytest

from spec_to_production.reporting import Links, comment, files
from spec_to_production.results import STAGES, WorkflowResult
from support.results import make_result, states

STATES = states()
NAMES = (
    "execution_mode",
    "stage_timings",
    "openhands_submission_time_ms",
    "openhands_collection_time_ms",
    "parallel_execution_savings_ms",
)


def test_all_report_files_are_there_by_name():
    assert set(files(make_result())) == {
        "report.json",
        "report.html",
        "comment.md",
        "summary.md",
        "junit.xml",
    }


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_names_of_the_original_are_in_every_report(state):
    report = json.loads(files(state)["report.json"])

    assert set(NAMES) <= set(report)
    assert set(report["stage_timings"]) == set(STAGES)


def test_what_was_not_measured_is_null():
    report = json.loads(files(STATES["nothing at all"])["report.json"])

    assert report["openhands_submission_time_ms"] is None
    assert report["stage_timings"]["verification"] is None
    assert report["verification"] is None


def test_the_names_are_in_the_schema_too():
    schema = WorkflowResult.model_json_schema(mode="serialization")

    assert set(NAMES) <= set(schema["required"])


def test_links_reach_the_files():
    links = Links(artifact_url="https://github.com/acme/calc/actions/runs/1/artifacts/2")

    written = files(make_result(), links)

    assert links.artifact_url in written["comment.md"]
    assert links.artifact_url in written["report.html"]


def test_the_same_result_gives_the_same_files():
    assert files(make_result()) == files(make_result())
    assert comment(make_result()) == comment(make_result())
