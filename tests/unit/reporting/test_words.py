from typing import get_args

import pytest

from spec_to_production.reporting import words
from spec_to_production.results import (
    Change,
    FailureCause,
    Gate,
    JobStatus,
    Reason,
    RequirementTests,
    StageName,
    Usage,
    VerdictName,
)
from support.results import job


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (words.VERDICTS, VerdictName),
        (words.REASONS, Reason),
        (words.CAUSES, FailureCause),
        (words.JOB_STATUS, JobStatus),
        (words.STAGE_NAMES, StageName),
        (words.GATE_MARKS, Gate.model_fields["status"].annotation),
    ],
)
def test_every_name_has_its_words(table, names):
    assert set(table) == set(get_args(names))


def test_every_state_of_a_requirement_has_its_words():
    states = get_args(RequirementTests.model_fields["state"].annotation)

    assert set(words.STATES) == {*states, "not_verified"}


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [
        (None, "not measured"),
        (0, "0 ms"),
        (850.4, "850 ms"),
        (12_340, "12.3 s"),
        (59_970, "1 m 0 s"),
        (72_400, "1 m 12 s"),
        (7_500_000, "2 h 5 m"),
    ],
)
def test_durations_are_for_people(milliseconds, told):
    assert words.duration(milliseconds) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "not measured"),
        (0, "0\N{NO-BREAK SPACE}%"),
        (0.2, "1\N{NO-BREAK SPACE}%"),
        (61.2, "61\N{NO-BREAK SPACE}%"),
        (99.9, "99\N{NO-BREAK SPACE}%"),
        (100, "100\N{NO-BREAK SPACE}%"),
    ],
)
def test_only_the_whole_is_100_percent_and_only_nothing_is_0(value, told):
    assert words.percent(value) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (61, 88, "61 → 88\N{NO-BREAK SPACE}%"),
        (None, 88, "88\N{NO-BREAK SPACE}%"),
        (61, None, "61\N{NO-BREAK SPACE}% before, after not measured"),
        (None, None, "not measured"),
    ],
)
def test_a_change_says_what_was_measured(before, after, told):
    assert words.change(Change(before=before, after=after)) == told


@pytest.mark.parametrize(
    ("cost", "told"),
    [(None, "price not known"), (0, "$0.00"), (0.004, "under $0.01"), (1234.5, "$1,234.50")],
)
def test_money_is_never_rounded_to_nothing(cost, told):
    assert words.money(Usage(cost_usd=cost)) == told


def test_an_answer_of_an_earlier_run_is_told_as_such():
    assert words.outcome(job(1, "a.py", from_cache=True)) == "succeeded, from cache"


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ({"actual": 88.4, "threshold": 75}, "88.4 %, at least 75 %"),
        (
            {"actual": 2, "threshold": 0, "unit": "count", "detail": "a.py:1"},
            "2 found, at most 0; a.py:1",
        ),
        ({"status": "skipped", "detail": "not asked"}, "not asked"),
    ],
)
def test_a_gate_tells_what_it_asks_and_in_which_unit(gate, told):
    assert words.gate(Gate(**{"name": "x", "status": "passed", **gate})) == told
