"""What says MUST or SHALL outside of every requirement is named with its line."""

from textwrap import dedent

import pytest

from spec_to_production.specs import parse_spec, problems_of


def parse(text):
    return parse_spec(f"{dedent(text).strip()}\n\n### FR-1: One\n\nIt MUST work.\n", "spec.md")


def test_a_duty_outside_of_every_requirement_is_named_with_its_line():
    spec = parse("""
        # T

        All amounts MUST be whole cents.

        - [ ] It SHALL log.
        - It should be quick, and it MAY be small.

        | Rule | What |
        |---|---|
        | 1 | Names MUST be unique |
    """)

    assert [(one.line, one.text) for one in spec.unclaimed] == [
        (3, "All amounts MUST be whole cents."),
        (5, "It SHALL log."),
        (10, "Names MUST be unique"),
    ]
    (problem,) = problems_of(spec)
    assert "spec.md:3 “All amounts MUST be whole cents.”; spec.md:5 “It" in problem.message
    assert (problem.stage, problem.level) == ("specification", "note")


def test_of_many_the_first_are_named_and_the_others_counted():
    (problem,) = problems_of(parse("\n\n".join(f"It MUST do {n}." for n in range(8))))

    assert problem.message.count("spec.md:") == 5
    assert problem.message.endswith("; and 3 more.")


@pytest.mark.parametrize(
    "text",
    [
        'The key words "MUST", "MUST NOT" and "SHALL" are to be read as in RFC 2119.',
        "The key words MUST and SHALL in this document are those of BCP 14.",
        "Write `MUST` for what has to be so.",
        "What we call “MUST” has to be so.",
        "- **MUST**: needed for the launch",
        "| Word | Meaning |\n|---|---|\n| MUST | needed for the launch |",
        "> It MUST be quoted.",
        "```\nIt MUST be code.\n```",
        "<!-- It MUST be a comment. -->",
        "## Out of scope\n\nIt MUST NOT send mail.",
        "## Testing\n\nTests MUST be quick.",
        "## REMOVED Requirements\n\nIt SHALL be gone.",
        "It must be so.",
    ],
)
def test_words_that_only_speak_of_duties_are_left_alone(text):
    assert problems_of(parse(f"# T\n\n{text}")) == []


def test_nothing_is_left_over_where_every_duty_is_a_requirement():
    spec = parse_spec("# T\n\n- It MUST work.\n  - Twice\n\nIt SHALL end.\n", "spec.md")

    assert problems_of(spec) == []
