"""Every value of a result can be written to a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from spec_to_production.results import Job, RefusedFile, StageTiming, TestVerdict

anything = st.text(st.characters(exclude_categories=()))


@given(path=anything, names=st.lists(anything).map(tuple))
def test_whatever_a_file_or_a_test_is_called(path, names):
    refused = RefusedFile(path=path, reason="")
    verdict = TestVerdict(id=path, verdict="rejected", requirements=names, detail=path)

    for value in (refused, verdict):
        assert type(value).model_validate_json(value.model_dump_json()) == value


def test_what_no_encoding_can_carry_is_shown_as_python_writes_it():
    assert RefusedFile(path="\udcff-\u00fc.py", reason="").path == "\\udcff-\u00fc.py"


def test_values_in_values_stay_as_they_are():
    refused = RefusedFile(path="a", reason="b")
    job = Job(
        task_id="t",
        kind="test_generation",
        module="m",
        requirement_ids=("FR-1",),
        status="failed",
        refused=(refused,),
    )

    assert job.refused[0] is refused


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_time(number):
    with pytest.raises(ValidationError):
        StageTiming(started_ms=0, ended_ms=number)
