import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from spec_to_production.reporting import plan_table, summary_table
from spec_to_production.results import Problem
from support.results import hostile, make_result, make_task, requirement, states

STATES = states()


def printed(renderable, width=80):
    out = io.StringIO()
    Console(file=out, width=width, no_color=True, force_terminal=False).print(renderable)
    return out.getvalue()


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_every_state_fits_80_columns(state):
    assert max(map(len, printed(summary_table(state)).splitlines())) <= 80


def test_the_verdict_comes_first_and_the_dispute_is_told_in_full():
    text = printed(summary_table(make_result()))

    assert text.split("\n")[1].startswith("1 dispute needs a decision · 3 tests proven")
    for told in (
        "Dividing by zero raises `CalculatorError`",
        "specs/calculator_operations.md:48",
        "src/calculator/operations.py:31",
        "ZeroDivisionError: division by zero",
        "66 of 66 runs",
    ):
        assert told in text


def test_figures_states_and_hints_are_words():
    text = printed(summary_table(make_result()))

    for told in (
        "61 → 88\N{NO-BREAK SPACE}%",
        "42 → 81\N{NO-BREAK SPACE}%",
        "no test: the deadline passed",
        "Raise job-timeout",
    ):
        assert told in text


def test_a_requirement_is_told_in_full():
    title = "The balance of an account is never below the limit that its owner agreed to"
    spec = make_result().spec
    spec = spec.model_copy(update={"requirements": (requirement("FR-1", title),)})

    text = printed(summary_table(make_result(spec=spec)))

    column = [line[:48] for line in text.splitlines()]
    assert f"FR-1 {title}" in " ".join(" ".join(column).split())


def test_a_recorded_model_is_said():
    assert "recording" in printed(summary_table(STATES["recorded model"]))


def test_the_plan_shows_jobs_requirements_and_sizes():
    result = make_result()
    tasks = (make_task(1, prompt="x" * 1200), make_task(2))

    text = printed(plan_table(tasks, result.spec, result.component, (), "It costs nothing."))

    assert "1,200" in text
    assert "FR-1, FR-4" in text
    assert "2 jobs" in text
    assert "Nothing was started or spent" in text
    assert "It costs nothing." in text


def test_a_plan_without_jobs_says_so():
    result = make_result()

    text = printed(plan_table((), result.spec, result.component, (), "It costs nothing."))

    assert "0 jobs" in text
    assert "costs" not in text  # without a job there is nothing to pay


def test_the_plan_has_what_is_to_be_said_of_the_spec():
    result = make_result()
    note = Problem(stage="specification", message="Outside\x1b of it.", hint="Give an id.")

    text = printed(plan_table((), result.spec, result.component, (note,), ""))

    assert "specification: Outside␛ of it." in text
    assert "Give an id." in text


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=60))
def test_no_text_controls_the_terminal(bad):
    text = printed(summary_table(hostile(3, bad=bad + "\x1b[2J\x07\u202e[bold]x[/bold]")))

    assert not set(text) & set("\x1b\x07\u202e")
    assert "[bold]x[/bold]" in text.replace("\n", "")
