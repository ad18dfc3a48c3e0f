"""What the dialects say: requirements, criteria, priorities and lines."""

from pathlib import Path
from textwrap import dedent

import pytest

from spec_to_production.errors import SpecError
from spec_to_production.specs import parse_spec, read_spec

ROOT = Path(__file__).parents[3]


def parse(text):
    return parse_spec(dedent(text).lstrip("\n"), "spec.md")


def ids(spec):
    return [requirement.id for requirement in spec.requirements]


def texts(requirement):
    return [criterion.text for criterion in requirement.criteria]


def test_the_original_format_is_read_whole():
    spec = read_spec("specs/calculator_operations.md", ROOT)

    assert spec.title == "Feature Specification: Calculator Operations"
    assert (spec.component_name, spec.target_stage) == ("calculator", "staging")
    assert (spec.version, spec.date) == ("1.2.0", "2025-10-20")
    assert ids(spec) == [*(f"FR-{n}" for n in range(1, 11)), "NFR-1", "NFR-2"]
    division = spec.requirements[3]
    assert division.title == "Division"
    assert division.priority == "high"
    assert division.text == "`divide` returns the first number divided by the second."
    assert texts(division) == ["`divide(9, 2)` is 4.5", "Dividing by zero raises `CalculatorError`"]
    source = spec.source.splitlines()
    assert source[division.lines.start - 1] == "#### FR-4: Division"
    assert source[division.lines.end - 1] == "- [ ] Dividing by zero raises `CalculatorError`"
    assert source[division.criteria[1].line - 1].endswith("raises `CalculatorError`")
    assert [r.kind for r in spec.requirements[-2:]] == ["non_functional"] * 2
    assert spec.target_coverage == 80
    assert len(spec.scenarios) == 3
    assert "class CalculatorError" in spec.api
    assert spec.overview.startswith("A calculator for people who type")
    assert "point-of-sale" in spec.overview


def test_the_original_format_as_list_items():
    spec = parse("""
        # Words

        ## Requirements

        - **FR-1**: Count words
          - **Priority**: Low
          - **Description**: `count` counts the words
            of a text.
          - **Acceptance Criteria**:
            - [ ] An empty text has none
            - [x] Digits are words
        - **FR-2: Longest word** - `longest` returns the longest word (and nothing else)
    """)
    first, second = spec.requirements

    assert (first.id, first.priority, first.lines.start, first.lines.end) == ("FR-1", "low", 5, 11)
    assert first.text == "Count words\n`count` counts the words of a text."
    assert texts(first) == ["An empty text has none", "Digits are words"]
    assert (second.title, second.lines.start) == ("Longest word", 12)
    assert second.text == "`longest` returns the longest word (and nothing else)"


def test_spec_kit():
    spec = parse("""
        # Feature Specification: Photo Albums

        **Feature Branch**: `001-albums`
        **Created**: 2025-09-01

        ## User Scenarios & Testing *(mandatory)*

        ### User Story 1 - Sort albums (Priority: P1)

        **Acceptance Scenarios**:

        1. **Given** two albums, **When** one is dragged, **Then** FR-001 holds.

        ### Edge Cases

        - What happens when there is no album?

        ## Requirements *(mandatory)*

        ### Functional Requirements

        - **FR-001**: System MUST group photos by date
        - **FR-002**: Users SHOULD be able to sort [NEEDS CLARIFICATION: how?]

        ## Success Criteria *(mandatory)*

        ### Measurable Outcomes

        - **SC-001**: 100 photos load in under 1 s
    """)

    assert ids(spec) == ["FR-001", "FR-002", "SC-001"]
    assert [r.priority for r in spec.requirements] == ["high", "medium", "medium"]
    assert [r.kind for r in spec.requirements] == ["functional", "functional", "non_functional"]
    assert spec.requirements[0].text == "System MUST group photos by date"
    assert spec.scenarios[0].text.startswith("**Given** two albums")
    assert (spec.scenarios[0].line, spec.date) == (12, "2025-09-01")


def test_kiro():
    spec = parse("""
        # Requirements Document

        ## Introduction

        A login.

        ## Requirements

        ### Requirement 1

        **User Story:** As a user, I want to log in, so that I see my data.

        #### Acceptance Criteria

        1. WHEN the password is right THE SYSTEM SHALL open the session
        2. IF the password is wrong THEN THE SYSTEM SHALL say so

        ### Requirement 2: Log out

        **User Story:** As a user, I want to leave.

        #### Acceptance Criteria

        2.1 WHEN the user leaves THE SYSTEM SHALL close the session
        2.2. THE SYSTEM SHALL forget the user
    """)
    first, second = spec.requirements

    assert ids(spec) == ["Requirement 1", "Requirement 2"]
    assert first.text == "As a user, I want to log in, so that I see my data."
    assert texts(first) == [
        "1.1 WHEN the password is right THE SYSTEM SHALL open the session",
        "1.2 IF the password is wrong THEN THE SYSTEM SHALL say so",
    ]
    assert (first.lines.start, first.lines.end, first.priority) == (9, 16, "high")
    assert second.title == "Log out"
    assert texts(second) == [
        "2.1 WHEN the user leaves THE SYSTEM SHALL close the session",
        "2.2. THE SYSTEM SHALL forget the user",
    ]


def test_openspec():
    spec = parse("""
        ## ADDED Requirements

        ### Requirement: Two-factor login

        The system SHALL ask for a second factor.

        #### Scenario: A code is asked for
        - **WHEN** the password is right
        - **THEN** a code is asked for

        #### Scenario: No phone
        - **WHEN** there is no phone
        - **THEN** nothing happens

        ### Requirement: Log out
        The system MAY forget.

        ## REMOVED Requirements

        ### Requirement: Stay logged in
    """)
    first, second = spec.requirements

    assert (first.title, first.priority) == ("Two-factor login", "high")
    assert first.text == "The system SHALL ask for a second factor."
    assert texts(first) == [
        "A code is asked for: **WHEN** the password is right **THEN** a code is asked for",
        "No phone: **WHEN** there is no phone **THEN** nothing happens",
    ]
    assert (first.lines.start, first.lines.end) == (3, 13)
    assert (second.title, second.priority) == ("Log out", "low")


def test_an_openspec_id_stays_when_the_sentence_is_reworded():
    before = parse("### Requirement: Login\n\nIt SHALL log in.\n")
    after = parse("# T\n\n### Requirement: Login\n\nIt SHALL let people in.\n")

    assert ids(before) == ids(after)


@pytest.mark.parametrize(
    ("name", "identifier", "title"),
    [
        ("REQ-2 Overlap", "REQ-2", "Overlap"),
        ("AUTH-003: Log in", "AUTH-003", "Log in"),
        ("**FR-1** Log in", "FR-1", "Log in"),
    ],
)
def test_an_openspec_name_may_begin_with_an_id(name, identifier, title):
    (requirement,) = parse(f"### Requirement: {name}\n\nIt SHALL work.\n").requirements

    assert (requirement.id, requirement.title) == (identifier, title)
    assert requirement.text == "It SHALL work."


def test_a_standard_that_an_openspec_name_begins_with_is_no_id():
    spec = parse("### Requirement: UTF-8 input\n\nA.\n\n### Requirement: UTF-8 output\n\nB.\n")

    assert [r.title for r in spec.requirements] == ["UTF-8 input", "UTF-8 output"]


def test_dialects_side_by_side():
    spec = parse("""
        # Booking

        Feature: intervals

          Requirement REQ-1: An interval MUST have a zone.
          Requirement REQ-2: An interval MUST have an end.

        ### Requirement: REQ-3 Overlap

        They SHALL share time.

        #### Scenario: nested
        - GIVEN two intervals
        - THEN `overlaps` is true

        ### Requirement: Export
        It SHALL be sorted.
    """)

    assert [(r.id, r.text) for r in spec.requirements[:3]] == [
        ("REQ-1", "An interval MUST have a zone."),
        ("REQ-2", "An interval MUST have an end."),
        ("REQ-3", "They SHALL share time."),
    ]
    assert texts(spec.requirements[2]) == ["nested: GIVEN two intervals THEN `overlaps` is true"]
    assert spec.requirements[3].title == "Export"
    assert spec.unclaimed == ()


def test_plain_keywords_get_ids_that_stay_when_other_text_moves():
    text = """
        # Parser

        ## Input

        - The parser MUST accept tabs.
          - `a\\tb` has two fields
        - It MAY accept spaces.
        - This one says nothing that must hold.

        A wrong line SHOULD be
        reported.
    """
    spec = parse(text)
    moved = parse(text.replace("# Parser\n", "# Parser\n\n        More words.\n"))

    assert [r.priority for r in spec.requirements] == ["high", "low", "medium"]
    assert spec.requirements[2].text == "A wrong line SHOULD be reported."
    assert texts(spec.requirements[0]) == ["`a\\tb` has two fields"]
    assert ids(moved) == ids(spec)
    assert moved.requirements[0].lines.start == spec.requirements[0].lines.start + 2
    assert len(set(ids(spec))) == 3


def test_tables_of_requirements():
    spec = parse("""
        # Money

        ## Requirements

        | ID | Priority | Requirement | Acceptance criteria |
        |---|---|---|---|
        | FR-1 | High | Amounts are added | 1 + 1 is 2; cents carry |
        | **NFR-1** | P3 | `fast` | |

        | Id | What |
        |----|------|
        | FR-2 | Split an amount |
    """)
    first, second, third = spec.requirements

    assert ids(spec) == ["FR-1", "NFR-1", "FR-2"]
    assert (first.text, first.priority) == ("Amounts are added", "high")
    assert texts(first) == ["1 + 1 is 2", "cents carry"]
    assert (first.lines.start, first.lines.end) == (7, 7)
    assert (second.kind, second.priority) == ("non_functional", "low")
    assert third.text == "Split an amount"


def test_bold_lines_define_requirements_and_end_the_one_before():
    spec = parse("""
        # T

        **FR-1: One**
        - [ ] a

        **FR-2**: Two
        **Priority**: Low
    """)

    assert [(r.id, r.title, len(r.criteria)) for r in spec.requirements] == [
        ("FR-1", "One", 1),
        ("FR-2", "Two", 0),
    ]
    assert spec.requirements[1].priority == "low"


def test_what_only_speaks_of_a_requirement_does_not_state_it():
    spec = parse("""
        ---
        FR-8: in front matter
        ---
        # T

        <!-- #### FR-9: in a comment

        - FR-9: and its second paragraph -->

        ## Requirements

        ### FR-1: One <!-- (High) -->

        Text.

        **Dependencies**:
        - FR-2: needs to be there

        ```markdown
        ### FR-3: in code
        ```

            ### FR-4: in indented code

        ### FR-2: Two

        ## Traceability

        | Requirement | Test |
        |---|---|
        | FR-1 | test_one |

        ## Testing Requirements

        - **FR-1**: two tests
        - UTF-8: is read
    """)

    assert ids(spec) == ["FR-1", "FR-2"]
    assert spec.requirements[0].title == "One"
    assert texts(spec.requirements[0]) == []
    assert spec.requirements[0].lines.start == 12


def test_standards_in_a_list_are_not_requirements():
    spec = parse("# T\n\n## Formats\n\n- UTF-8: yes\n- **ISO-8601**: dates\n\n### FR-1: One\n")

    assert ids(spec) == ["FR-1"]


def test_requirements_below_a_requirement_are_its_parts():
    spec = parse("""
        ### FR-1: Session
        - **FR-1.1**: opens
        - **FR-1.2**: closes
          - [ ] twice
        - [ ] whole
    """)

    assert ids(spec) == ["FR-1", "FR-1.1", "FR-1.2"]
    assert texts(spec.requirements[0]) == ["whole"]
    assert texts(spec.requirements[2]) == ["twice"]


@pytest.mark.parametrize(
    ("word", "priority"),
    [
        ("High", "high"),
        ("🔴 Critical", "high"),
        ("Must have", "high"),
        ("P1", "high"),
        ("Should", "medium"),
        ("P2", "medium"),
        ("Could have", "low"),
        ("low", "low"),
        ("P3 (later)", "low"),
        ("sometime", "medium"),
    ],
)
def test_words_for_priority(word, priority):
    spec = parse(f"### FR-1: One\n\n**Priority**: {word}\n")

    assert spec.requirements[0].priority == priority


def test_only_a_checkbox_at_the_start_is_taken_off():
    (requirement,) = parse("### FR-1: One\n\n- [x] `[ ] a` is open\n- a [x] b\n").requirements

    assert texts(requirement) == ["`[ ] a` is open", "a [x] b"]


def test_a_priority_beside_the_title():
    (requirement,) = parse("### FR-1: One (P3)\n").requirements

    assert (requirement.title, requirement.priority) == ("One", "low")


def test_fields_above_a_rule_are_not_a_heading():
    spec = parse("# T\n\n**Component Name**: calc\n**Version**: 2\n---\n## R\n\n### FR-1: One\n")

    assert (spec.component_name, spec.version, spec.title) == ("calc", "2", "T")


@pytest.mark.parametrize(
    ("line", "percent"),
    [
        ("**Target Coverage**: 80%", 80),
        ("- **Coverage**: ≥ 92.5 %", 92.5),
        ("Target coverage: at least 70 %", 70),
        ("- Tests are readable", None),
    ],
)
def test_target_coverage(line, percent):
    spec = parse(f"# T\n\n### FR-1: One\n\n## Testing Requirements\n\n{line}\n")

    assert spec.target_coverage == percent


def test_a_coverage_that_nobody_can_reach_is_an_error_with_its_line():
    with pytest.raises(SpecError, match=r"spec\.md:7: a target coverage of 180 %"):
        parse("# T\n\n### FR-1: One\n\n## Testing\n\n**Target Coverage**: 180%\n")


def test_an_id_given_twice_is_an_error_with_both_lines():
    with pytest.raises(SpecError, match=r"spec\.md:5: FR-1 is defined twice, first in line 3"):
        parse("# T\n\n### FR-1: One\n\n### FR-1: Two\n")


@pytest.mark.parametrize("template", sorted((ROOT / "specs/templates").glob("*.md")), ids=str)
def test_every_template_is_a_spec(template):
    spec = read_spec(str(template.relative_to(ROOT)), ROOT)

    assert len(spec.requirements) == 3
    assert all(requirement.criteria for requirement in spec.requirements)


@pytest.mark.parametrize(
    "text",
    [
        "- **ACC-1** The token MUST be new.\n- **ACC-2** WHEN it ends, SHALL fail.\n- ACC-3: x\n",
        "- **ACC-1 Tokens**: The token MUST be new.\n- ACC-2: must end\n- [ACC-3] x\n",
        "## ACC-1: Tokens\nThey must be new.\n## ACC-2 End\nIt must end.\n## ACC-3 - None\n",
        "**ACC-1** The token MUST be new.\n\n**ACC-2** It MUST end.\n\n**ACC-3**: x\n",
        "ACC-1: The token MUST be new.\nACC-2: It MUST end.\nACC-3: x\n",
        "- The token MUST be new. [ACC-1]\n- It MUST end (ACC-2).\n- x (ACC-3)\n",
        "| ID | What |\n|--|--|\n| ACC-1 | new |\n| **ACC-2** | ends |\n| `ACC-3` | x |\n",
        "- ACC-1: gives a token\n- ACC-2: ends it\n- ACC-3: x\n",
    ],
)
def test_a_document_may_have_ids_by_a_scheme_of_its_own(text):
    assert ids(parse(f"# Access\n\n{text}")) == ["ACC-1", "ACC-2", "ACC-3"]


def test_what_only_looks_like_ids_is_none():
    spec = parse("""
        # Text

        - **UTF-8**: the default, as RFC-3629 has it
        - **UTF-16**: on request
        - SHA-256 MUST be the hash.

        | Code | Meaning |
        |---|---|
        | E-1 | must not happen |
        | E-2 | shall be logged |

        The reader MUST find out the encoding.
        """)
    assert [one.text for one in spec.requirements] == [
        "SHA-256 MUST be the hash.",
        "The reader MUST find out the encoding.",
    ]


def test_a_row_of_a_documents_own_scheme_has_its_priority_and_text():
    (first, second) = parse("""
        # Matrices: requirements

        | ID | Requirement | Priority |
        |----|-------------|----------|
        | MAT-1 | `m[i]` gives a row. | could |
        | MAT-2 | `a @ b` is the product. | must |
        """).requirements
    assert (first.id, first.text, first.priority) == ("MAT-1", "`m[i]` gives a row.", "low")
    assert (second.id, second.priority) == ("MAT-2", "high")


def test_headings_of_openspec_may_have_ids_of_any_kind_where_several_have():
    several = "### Requirement: TCK-01 Run\nIt SHALL run.\n### Requirement: TCK-02 End\nSHALL\n"
    assert ids(parse(f"# Tickets\n\n{several}")) == ["TCK-01", "TCK-02"]
    (only,) = parse("# Text\n\n### Requirement: UTF-8 decoding\nIt SHALL decode.\n").requirements
    assert (only.id[:2], only.title) == ("R-", "UTF-8 decoding")
