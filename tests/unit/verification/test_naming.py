"""Which requirements a text names, and which it does not."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.results import LineRange, Requirement
from spec_to_production.specs import parse_spec
from spec_to_production.verification.definitions import functions_of
from spec_to_production.verification.naming import Text, first_named, named_requirements, shown

OPENSPEC = parse_spec(
    """
# Jobs
## Requirements
### Requirement: Order
Jobs SHALL have one.
### Requirement: Due order
The system SHALL return the job that is due longest first.
### Requirement: Logging
The system SHALL log a warning for each failed job.
""",
    "jobs.md",
).requirements
BULLETS = parse_spec(
    """
# Light
## Requirements
- A light that is switched on MUST be red.
- A light that is switched on MUST be red until it is advanced.
""",
    "light.md",
).requirements


def known(*identifiers):
    return [
        Requirement(id=one, title="Title", text="Text", lines=LineRange(start=1, end=1))
        for one in identifiers
    ]


KIRO = known("Requirement 1", "Requirement 2", "Requirement 10")


def titles(named, requirements):
    return [one.title for one in requirements if one.id in named]


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ('@pytest.mark.requirement("FR-1")\ndef test_a(): pass', ("FR-1",)),
        ("def test_fr_1_adds(): pass", ("FR-1",)),
        ("def test_fr1(): pass", ("FR-1",)),
        ('def test_a():\n    "As FR-1 says."', ("FR-1",)),
        ("def test_a():\n    pass  # FR-1", ("FR-1",)),
        ("def test_fr_12(): pass", ("FR-12",)),
        ("def test_fr_1(): 'NFR-1'", ("FR-1", "NFR-1")),
        ("def test_nfr_1(): pass", ("NFR-1",)),
        ("def test_fr_1_2(): pass", ("FR-1",)),
        ("def test_fr_1_adds_a_thing(): pass", ("FR-1",)),
        ("def test_fr_3b(): 'FR-3a'", ("FR-3a",)),
        ("def test_fr_4_1(): 'FR-5.1'", ("FR-4.1",)),
        ("def test_offer_1(): pass", ()),
    ],
)
def test_ids_are_written_in_many_ways(code, named):
    requirements = known("FR-1", "FR-12", "NFR-1", "FR-3a", "FR-4", "FR-4.1", "FR-5")
    assert named_requirements(Text(code), requirements) == named


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("TestFR5", ("FR-5",)),
        ("TestFr5Taking", ("FR-5",)),
        ("TestNFR5", ()),
        ("TestFR55", ()),
    ],
)
def test_a_class_name_is_read_by_its_humps(name, named):
    assert named_requirements(Text(name=name), known("FR-5")) == named


@pytest.mark.parametrize(
    ("prose", "named"),
    [
        ("Requirement 1.1: rounds half up", ("Requirement 1",)),
        ("Requirement 1, 2 cents", ("Requirement 1",)),
        ("# Validates: Requirements 1.1, 2.3", ("Requirement 1", "Requirement 2")),
        ("_Requirements: 1.1_", ("Requirement 1",)),
        ("REQ-1.1", ("Requirement 1",)),
        ("Req 1", ("Requirement 1",)),
        ("Requirements 1 and 10", ("Requirement 1", "Requirement 10")),
        ("Requirement 11, REQ-3, R12", ()),
        ("r1 = ask(); req1 = r1.request", ()),
        ("R1: rounds half up", ("Requirement 1",)),
        ("R1C1 notation", ()),
    ],
)
def test_kiros_citations_name_the_requirement_of_a_criterion(prose, named):
    assert named_requirements(Text(prose=prose), KIRO) == named


def test_what_looks_like_a_citation_in_code_is_none():
    assert named_requirements(Text('R1 = part("R2")'), KIRO) == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (Text("r1 = ask(); u2 = r1.user"), ()),
        (Text("def test_r1_adds(): ..."), ("R1",)),
        (Text(prose="As R1 and R-12 say."), ("R1", "R12")),
        (Text(name="TestR1"), ("R1",)),
    ],
)
def test_a_variable_is_no_id_of_one_letter(text, named):
    assert named_requirements(text, known("R1", "R12", "U2")) == named


@pytest.mark.parametrize(
    "name", ["test_r1_rounds", "test_req_1_2", "test_requirement_1", "TestRequirement1", "TestR1"]
)
def test_kiros_numbers_stand_in_names(name):
    assert named_requirements(Text(name=name), KIRO) == ("Requirement 1",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (Text(prose="Requirement: Due order. Scenario: Order"), ["Due order"]),
        (Text(prose="The due\n    order is kept."), ["Due order"]),
        (Text(prose="Order: the first"), ["Order"]),
        (Text(prose="in this order"), []),
        (Text(prose="overdue orders"), []),
        (Text(name="test_due_order_with_ties"), ["Due order"]),
        (Text(name="TestDueOrder"), ["Due order"]),
        (Text(name="test_order"), []),
        (Text(code="assert due.order == 1"), []),
        (Text(prose="The system SHALL log a warning for each failed job."), ["Logging"]),
        (Text(code=OPENSPEC[2].id), ["Logging"]),
    ],
)
def test_without_an_id_a_requirement_is_named_by_its_own_words(text, named):
    assert titles(named_requirements(text, OPENSPEC), OPENSPEC) == named


def test_the_longer_of_two_texts_is_quoted_where_it_fits():
    for requirement in BULLETS:
        assert named_requirements(Text(prose=requirement.text), BULLETS) == (requirement.id,)


def test_the_title_is_no_name_where_there_is_an_id():
    assert named_requirements(Text(prose="Title"), known("FR-1")) == ()


def test_what_is_closer_to_a_test_is_heard_first():
    texts = [Text("nothing"), Text("FR-2"), Text("FR-1")]
    assert first_named(texts, known("FR-1", "FR-2")) == ("FR-2",)


def test_comments_above_and_what_classes_say_belong_to_a_test():
    source = '''
# FR-9

# FR-1: above
@mark
# FR-2: in between
def test_a():
    "FR-3"
    pass  # FR-4
    # FR-8: of the test before
@mark("FR-6")
class TestB:
    """FR-5"""
    # FR-7
    def test_c(self):
        pass
'''
    first, second = functions_of(ast.parse(source), source)
    assert all(one in first.prose for one in ("FR-1", "FR-2", "FR-3", "FR-4"))
    assert "FR-9" not in first.prose
    assert "FR-7" in second.prose
    assert all(one in second.around for one in ("FR-5", "FR-6"))
    assert "FR-8" not in second.around


def test_a_few_requirements_are_shown_as_a_test_may_name_them():
    assert shown(known(*(f"FR-{number}" for number in range(7)))).endswith("FR-4 …")
    assert shown(OPENSPEC) == "“Order”, “Due order”, “Logging”"


@given(st.integers(1, 120), st.sampled_from(["FR-{}", "NFR-{}", "Requirement {}"]))
def test_a_number_names_no_other_number(number, spelling):
    requirements = known(*(spelling.format(one) for one in range(1, 121)), "FR-0", "NFR-0")
    identifier = spelling.format(number)
    assert named_requirements(Text(prose=identifier), requirements) == (identifier,)


def test_a_long_title_may_be_quoted_though_there_is_an_id():
    spec = parse_spec(
        """
# Tickets
### Requirement: TCK-03 Reopening clears the resolution
It SHALL.
### Requirement: TCK-04 Reopening
It SHALL.
""",
        "tickets.md",
    ).requirements
    quoted = Text(prose="Requirement: Reopening clears the resolution.")
    assert named_requirements(quoted, spec) == ("TCK-03",)
    assert named_requirements(Text(prose="Reopening is tested."), spec) == ()
    assert named_requirements(Text(name="test_reopening_clears_the_resolution"), spec) == ()
