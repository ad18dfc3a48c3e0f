"""Replays: what is read of an earlier run, and what counts as a difference."""

import json

import pytest

from spec_to_production.errors import TestsError
from spec_to_production.results import GeneratedFile, TestVerdict, Verification
from spec_to_production.verification import Effort
from spec_to_production.verification.replay import differences, effort_of, read_verdicts


def verdicts(**tests):
    return Verification(
        tests=tuple(
            TestVerdict(id=name, verdict=verdict, reason="flaky" if verdict == "rejected" else None)
            for name, verdict in tests.items()
        ),
        candidates=(GeneratedFile(path="tests/test_a.py", content="x = 1\n"),),
        effort={
            "flake_bound": 0.2,
            "test_timeout": 5,
            "seed": 7,
            "began": 1.8e9,
            "workers": 2,
            "mutants": 10,
        },
    )


def test_what_was_written_is_read_again(tmp_path):
    file = tmp_path / "verdicts.json"
    file.write_text(verdicts(a="accepted").model_dump_json())

    assert read_verdicts(file) == verdicts(a="accepted")


def test_the_effort_is_that_of_the_earlier_run():
    assert effort_of(verdicts()) == Effort(
        flake_bound=0.2, test_timeout=5.0, seed=7, began=1.8e9, workers=2, mutants=10
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", "no json", '{"tests": 1}'])
def test_another_file_is_refused_by_name(tmp_path, text):
    file = tmp_path / "other.json"
    file.write_text(text)

    with pytest.raises(TestsError, match=r"other\.json"):
        read_verdicts(file)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"patience": 5}, r"effort\.patience: "),
        ({"flake_bound": 1e-17}, r"effort\.flake_bound: .*0\.001"),
        ({"test_timeout": 0}, r"effort\.test_timeout: .*greater than 0"),
    ],
)
def test_an_effort_that_is_none_is_told_by_its_name(tmp_path, change, told):
    recorded = json.loads(verdicts(a="accepted").model_dump_json())
    recorded["effort"] |= change
    file = tmp_path / "verdicts.json"
    file.write_text(json.dumps(recorded))

    with pytest.raises(TestsError, match=told):
        effort_of(read_verdicts(file))


def test_every_verdict_that_differs_or_is_missing_is_named():
    before, after = (
        verdicts(a="accepted", b="rejected", c="disputed"),
        verdicts(a="accepted", b="accepted"),
    )

    assert differences(before, before) == []
    assert differences(before, after) == [
        "b: was rejected (flaky), is accepted",
        "c: was disputed, is not there",
    ]
