import pytest

from spec_to_production.reporting import chart, comment, headline, ledger
from spec_to_production.results import (
    STAGES,
    Gate,
    GeneratedFile,
    RequirementTests,
    StageTiming,
    Usage,
    Verification,
)
from support.results import accepted, disputed, job, make_result, rejected, states


def figure(result, name):
    return dict(headline.figures(result)).get(name)


def test_the_figures_are_those_of_the_result():
    result = make_result()

    assert figure(result, "requirements proven") == "1 of 3"
    assert figure(result, "coverage") == "61 → 88\N{NO-BREAK SPACE}%"
    assert figure(result, "time") == "1 m 12 s"
    assert figure(result, "spent") == "27k tokens, $0.12"


def test_what_was_spent_is_named_by_kind_where_there_are_several():
    jobs = (
        job(1, "a.py", usage=Usage(prompt_tokens=20_000, cost_usd=0.1)),
        job(2, "a.py", kind="refactoring", usage=Usage(prompt_tokens=5_000, cost_usd=0.02)),
    )
    result = make_result(jobs=jobs)

    assert figure(result, "spent") == (
        "25k tokens, $0.12 (test generation 20k tokens, refactoring 5k tokens)"
    )
    assert result.usage_by_kind["refactoring"].prompt_tokens == 5_000


def test_what_was_not_measured_is_not_a_number():
    result = states()["no verification"]

    assert figure(result, "requirements proven") == "not verified"
    assert figure(result, "coverage") == "not measured"


def test_nothing_is_said_of_savings_that_there_were_not():
    result = make_result(stage_timings=dict.fromkeys(STAGES))

    assert figure(result, "saved by running side by side") is None


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("usual", "⚖️"),
        ("accepted only", "✅"),
        ("interrupted", "⏹️"),
        ("nothing generated", "❌"),
        ("all rejected", "❌"),
    ],
)
def test_the_mark_agrees_with_the_verdict(name, mark):
    assert headline.mark(states()[name]) == mark


def test_verify_does_not_speak_of_generating_tests():
    told = headline.verdict(make_result(tasks=(), jobs=(), verification=None, gates=()))
    assert told == "No tests were judged"


def test_many_disputes_name_the_first_requirements_and_count_the_rest():
    tests = tuple(disputed(f"test_{n}", f"FR-{n}") for n in range(5))

    step = headline.next_step(make_result(verification=Verification(tests=tests)))

    assert step == "Decide on FR-0, FR-1, FR-2 and 2 more: correct the code, or the spec."


@pytest.mark.parametrize(
    ("jobs", "tests", "note"),
    [
        ((), (), ""),
        ((job(1, "m", "FR-1"),), (), "no job asked for one"),
        ((job(1, "m", "FR-6"),), (), "the agent wrote none that names it"),
        ((job(1, "m", "FR-6", status="failed", cause="quota"),), (), "the quota is used up"),
        ((job(1, "m", "FR-6", status="cancelled"),), (), "cancelled"),
        ((), (rejected("test_x", "flaky", requirements=("FR-6",)),), "1 test rejected"),
        ((), (accepted("test_x", "FR-6"),), ""),
    ],
)
def test_a_requirement_without_a_test_says_why(jobs, tests, note):
    verification = Verification(
        tests=tests, requirements=(RequirementTests(id="FR-6", state="untested"),)
    )

    rows = ledger.rows(make_result(jobs=jobs, verification=verification))

    assert {row.requirement.id: row.note for row in rows}["FR-6"] == note


def test_a_run_that_ended_before_its_ledger_shows_no_requirement_as_untested():
    result = make_result(verification=Verification(tests=(accepted("test_x", "FR-1"),)))

    assert {row.state for row in ledger.rows(result)} == {"not_verified"}
    assert figure(result, "requirements proven") == "not verified"


def test_tests_that_were_there_before_are_judged_not_offered():
    tests = (accepted("test_x", "FR-1"), rejected("test_y", "flaky"))
    result = make_result(jobs=(), verification=Verification(tests=tests))

    assert headline.next_step(result) == "1 of 2 tests held up; see below why the others did not."
    assert "changes.patch" not in comment(make_result(jobs=(), refactoring=None))


def step_on_existing(*tests, untested=(), gates=()):
    ledger_ = [RequirementTests(id=id_, state="untested") for id_ in untested]
    found = Verification(tests=tests, requirements=ledger_)
    return headline.next_step(make_result(jobs=(), gates=gates, verification=found))


def test_requirements_that_no_test_names_are_told_with_how_to_name_them():
    tests = (accepted("test_x"), rejected("test_y", "flaky", requirements=("FR-6",)))

    assert step_on_existing(tests[0], untested=("FR-1", "FR-4")) == (
        "1 test held up. No test names FR-1, FR-4: write an id into the name or the docstring "
        "of the test that stands for it."
    )
    assert "others did not. No test names FR-1: " in step_on_existing(
        *tests, untested=("FR-1", "FR-6")
    )


def test_after_an_interrupt_there_is_something_to_do():
    tests = (accepted("test_x", "FR-1"), rejected("test_y", "flaky"))

    def step(*tests):
        return headline.next_step(under_way(jobs=(), verification=Verification(tests=tests)))

    assert step(tests[0]) == "Run it again: it was stopped after 1 test held up."
    assert step(*tests) == (
        "Run it again: it was stopped after 1 of 2 tests held up; see below why the others did not."
    )


def test_nothing_to_do_is_said_only_where_nothing_is_open():
    held, against = accepted("test_x", "FR-1"), disputed("test_y", "FR-4")
    failed = Gate(name="test_coverage", status="failed", actual=50, threshold=70)

    assert step_on_existing(held) == "1 test held up: there is nothing to do."
    assert step_on_existing(held, gates=[failed]) == "1 test held up; see below what did not pass."
    assert step_on_existing(held, against).endswith("or the spec. 1 test held up.")


def test_an_interrupted_run_offers_no_patch_for_it_wrote_none():
    found = Verification(tests=(accepted("test_x", "FR-1"),))
    result = make_result(interrupted_by=2, verification=found, refactoring=None)

    assert headline.next_step(result) == (
        "Run it again: it was stopped before it wrote the proven tests to changes.patch."
    )
    assert "git apply" not in comment(result)


def test_tests_stand_in_the_order_of_the_requirements():
    tests = (accepted("c"), accepted("b", "FR-4"), accepted("a", "FR-1", "FR-4"))

    ordered = ledger.ordered(make_result(verification=Verification(tests=tests)))

    assert [test.id[-1] for test in ordered] == ["a", "b", "c"]


def test_the_timeline_has_the_stages_that_ran_and_the_jobs_that_were_submitted():
    jobs = (job(1, "a", "FR-1"), job(2, "b", "FR-1", submitted_ms=None, ended_ms=None))

    stages, submitted = chart.lanes(make_result(jobs=jobs))

    assert [bar.name for bar in stages.bars][:2] == ["specification", "baseline"]
    assert "delivery" not in [bar.name for bar in stages.bars]
    assert [(bar.name, bar.duration_ms) for bar in submitted.bars] == [("1 a", 20_000)]


def test_a_run_that_measured_nothing_has_no_timeline():
    assert chart.lanes(states()["nothing at all"]) == ()


def under_way(**changes):
    timing = StageTiming(started_ms=1, ended_ms=2, busy_ms=1)
    return make_result(
        interrupted_by=2,
        refactoring=None,
        gates=(),
        stage_timings={**dict.fromkeys(STAGES), "verification": timing},
        **{"verification": None, **changes},
    )


def test_what_an_interrupt_left_unjudged_is_told_and_where_it_is():
    files = [GeneratedFile(path=f"tests/test_{name}_spec.py", content="") for name in "ab"]
    jobs = (job(1, "a", "FR-1", files=files[:1]), job(2, "b", "FR-1", files=files[1:]))

    nothing_judged = under_way(jobs=jobs)
    one_judged = under_way(
        jobs=jobs,
        verification=Verification(
            tests=(rejected("test_x", "flaky", id="tests/test_a_spec.py::test_x"),)
        ),
    )

    assert headline.verdict(nothing_judged) == (
        "Interrupted · 2 files written, verification was under way"
    )
    assert headline.next_step(nothing_judged) == (
        "Run it again: 2 files of tests were not judged yet; "
        "report.json keeps them with their jobs."
    )
    assert "Interrupted · no test proven, 1 rejected" in headline.verdict(one_judged)
    assert "1 file of tests was not judged yet" in headline.next_step(one_judged)


def test_an_interrupt_of_verification_alone_is_told_as_that():
    result = under_way(jobs=(), tasks=())

    assert headline.verdict(result) == "Interrupted · verification was under way"
    assert headline.next_step(result) == (
        "Run it again: it was stopped in verification, before the first verdict."
    )


def test_an_interrupt_after_rejected_tests_alone_does_not_say_that_there_is_nothing_to_show():
    tests = (rejected("test_x", "flaky"), rejected("test_y", "vacuous"))
    result = under_way(jobs=(), tasks=(), verification=Verification(tests=tests))

    assert headline.next_step(result) == (
        "Run it again: it was stopped after 2 tests were rejected; see below why."
    )
    one = under_way(jobs=(), tasks=(), verification=Verification(tests=tests[:1]))
    assert "after 1 test was rejected;" in headline.next_step(one)
