"""What holds for every text, and for every spec in every dialect."""

import string

from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.errors import SpecError
from spec_to_production.specs import parse_spec

FRAGMENTS = [
    *(
        "# ",
        "### ",
        "- ",
        "- [ ] ",
        "1. ",
        "> ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "**",
        "`",
        "[",
        "](",
        "\\",
    ),
    *("FR-1", "FR-2: ", "**FR-3**: ", "NFR-1", "Requirement 1", "MUST ", "SHOULD ", "&amp;", "é"),
    *("ACC-1", "ACC-2: ", "[ACC-3]"),
    *("Priority: High", "**Description**: ", "**Acceptance Criteria**:\n", "Given a When b Then c"),
    *(
        "## Testing\n",
        "Target Coverage: 80%",
        "| ",
        "|---|---|\n",
        "```\n",
        "<!-- ",
        " -->",
        "---\n",
    ),
    *("Requirement FR-5: ", "### Requirement: FR-6 ", "### Requirement: Log in", "#### Scenario: "),
    *("\r", "\x0c", "\u2028", "\x00"),
]

documents = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))


@given(documents)
def test_any_text_is_a_spec_or_refused_as_one(text):
    try:
        spec = parse_spec(text, "spec.md")
    except SpecError:
        return
    lines = spec.source.split("\n")
    for requirement in spec.requirements:
        span = requirement.lines
        assert 1 <= span.start <= span.end <= len(lines)
        own = "\n".join(lines[span.start - 1 : span.end])
        assert requirement.id in own or requirement.id.startswith("R-")
        assert requirement.title
        assert requirement.text
        for criterion in requirement.criteria:
            assert span.start <= criterion.line <= span.end
    assert len({requirement.id for requirement in spec.requirements}) == len(spec.requirements)
    for one in spec.unclaimed:
        assert "MUST" in "\n".join(lines[one.line - 1 :])


@given(documents)
def test_reading_twice_gives_the_same(text):
    def read():
        try:
            return parse_spec(text, "spec.md")
        except SpecError as error:
            return str(error)

    assert read() == read()


words = st.text(string.ascii_lowercase + "äß漢 ", min_size=1, max_size=12).map(
    lambda text: f"x{' '.join(text.split())}"
)
sentences = st.lists(words, min_size=1, max_size=6).map(" ".join)
requirements = st.lists(
    st.tuples(
        sentences,
        st.sampled_from(["high", "medium", "low"]),
        st.lists(sentences, max_size=3),
    ),
    min_size=1,
    max_size=5,
)


def original(stated):
    yield "# Title\n\n## Requirements\n"
    for number, (text, priority, criteria) in enumerate(stated, 1):
        yield f"#### FR-{number}: Behaviour {number}\n\n**Priority**: {priority.title()}\n"
        yield f"**Description**: {text}\n\n**Acceptance Criteria**:"
        yield from (f"- [ ] {criterion}" for criterion in criteria)
        yield ""


def spec_kit(stated):
    yield "# Title\n\n## Requirements *(mandatory)*\n"
    for number, (text, priority, criteria) in enumerate(stated, 1):
        yield f"- **FR-{number:03}**: {text}\n  - **Priority**: {priority}"
        yield from (f"  - {criterion}" for criterion in criteria)


def kiro(stated):
    yield "# Requirements Document\n"
    for number, (text, priority, criteria) in enumerate(stated, 1):
        yield f"### Requirement {number}\n\n**User Story:** {text}\n\n**Priority:** {priority}\n"
        yield "#### Acceptance Criteria\n"
        yield from (f"{place}. {criterion}" for place, criterion in enumerate(criteria, 1))
        yield ""


def openspec(stated):
    yield "## ADDED Requirements\n"
    for number, (text, priority, criteria) in enumerate(stated, 1):
        yield f"### Requirement: Behaviour {number}\n{text}\n\n**Priority**: {priority}\n"
        yield from (f"#### Scenario: {place}\n- {text}\n" for place, text in enumerate(criteria))


def table(stated):
    yield "| ID | Description | Priority | Acceptance Criteria |\n|---|---|---|---|"
    for number, (text, priority, criteria) in enumerate(stated, 1):
        yield f"| FR-{number} | {text} | {priority} | {'; '.join(criteria)} |"


def plain(stated):
    yield "# Title\n"
    keywords = {"high": "MUST", "medium": "SHOULD", "low": "MAY"}
    for number, (text, priority, criteria) in enumerate(stated, 1):
        yield f"- {number} {keywords[priority]} {text}"
        yield from (f"  - {criterion}" for criterion in criteria)


@given(requirements, st.sampled_from([original, spec_kit, kiro, openspec, table, plain]))
def test_a_spec_written_in_a_dialect_reads_back_the_same(stated, dialect):
    spec = parse_spec("\n".join(dialect(stated)), "spec.md")

    assert [
        (
            requirement.text.partition("MUST ")[2]
            or requirement.text.partition("SHOULD ")[2]
            or requirement.text.partition("MAY ")[2]
            or requirement.text,
            requirement.priority,
            [criterion.text[criterion.text.index("x") :] for criterion in requirement.criteria],
        )
        for requirement in spec.requirements
    ] == stated
