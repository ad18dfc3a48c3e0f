import pytest

from spec_to_production.generation.disputes import Disputes
from spec_to_production.results import RequirementTests, Verification
from support.results import calculator_spec, make_result

ONE, TWO = (requirement.id for requirement in calculator_spec().requirements[:2])


def result(states):
    rows = tuple(RequirementTests(id=id_, state=state) for id_, state in states.items())
    return make_result(verification=Verification(requirements=rows))


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({ONE: "disputed", TWO: "proven"}, (ONE,)),
        ({ONE: "proven", TWO: "disputed"}, (TWO,)),
        ({ONE: "untested", TWO: "disputed"}, (ONE, TWO)),
        ({}, (ONE,)),
    ],
)
def test_a_dispute_is_known_until_a_test_proves_the_requirement(tmp_path, states, expected):
    first = result({ONE: "disputed"})
    Disputes.read(tmp_path).learn(first).write(tmp_path)
    Disputes.read(tmp_path).learn(result(states)).write(tmp_path)

    known = Disputes.read(tmp_path)

    assert known.between(first.spec, first.component) == expected
    assert known.between(first.spec, first.component.model_copy(update={"path": "src/b"})) == ()
