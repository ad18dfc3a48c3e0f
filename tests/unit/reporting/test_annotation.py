from spec_to_production.reporting import annotations
from spec_to_production.results import Spec, Verification
from support.results import disputed, hostile, make_result, requirement, states


def with_disputes(*disputes, priorities=None):
    spec = make_result().spec
    if priorities:
        rows = tuple(
            requirement(id_, id_, priority=priority) for id_, priority in priorities.items()
        )
        spec = Spec(path=spec.path, title="t", source="s", requirements=rows)
    return make_result(spec=spec, verification=Verification(tests=disputes))


def test_a_dispute_is_a_warning_on_the_line_of_the_code():
    (warning,) = annotations(make_result())

    assert (warning.level, warning.path, warning.line) == (
        "warning",
        "src/calculator/operations.py",
        31,
    )
    assert warning.title == "FR-4: spec and code disagree"
    assert "Dividing by zero raises `CalculatorError`" in warning.message
    assert "66 of 66" in warning.message


def test_the_most_important_requirement_comes_first():
    result = with_disputes(
        disputed("test_a", "FR-1"),
        disputed("test_b", "FR-2"),
        disputed("test_c", "FR-3"),
        priorities={"FR-1": "low", "FR-2": "high", "FR-3": "medium"},
    )

    assert [warning.title[:4] for warning in annotations(result)] == ["FR-2", "FR-3", "FR-1"]


def test_ten_disputes_are_ten_warnings():
    result = with_disputes(*(disputed(f"test_{n}", "FR-1") for n in range(10)))

    assert len(annotations(result)) == 10
    assert all(warning.path for warning in annotations(result))


def test_of_more_than_ten_the_last_one_says_how_many_are_not_shown():
    result = with_disputes(*(disputed(f"test_{n}", "FR-1") for n in range(25)))

    found = annotations(result)

    assert len(found) == 10
    assert found[-1].title == "16 more disputes between spec and code"


def test_the_text_is_one_line_of_visible_characters():
    warnings = annotations(hostile(9))

    assert len(warnings) == 3
    for warning in warnings:
        assert len(warning.message) <= 1000
        for character in "\n\r\x1b\u202e":
            assert character not in warning.message + warning.title


def test_without_disputes_there_is_nothing_to_say():
    assert annotations(states()["accepted only"]) == ()
    assert annotations(states()["no verification"]) == ()
