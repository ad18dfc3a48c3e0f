import pytest

from spec_to_production.refactoring.proof import Behaviour


def behaviour(broken=(), **outcomes):
    return Behaviour(outcomes, dict(broken))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (behaviour(t="passed"), behaviour(t="failed")),
        (behaviour(t="passed"), behaviour(t="skipped")),
        (behaviour(t="passed"), behaviour()),
        (behaviour(t="skipped"), behaviour(t="error")),
        (behaviour(t="failed"), behaviour()),
        (behaviour(), behaviour(broken={"shop.cart": "ImportError: x"})),
    ],
)
def test_a_change_for_the_worse_is_named(before, after):
    assert before.worsening(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (behaviour(t="passed"), behaviour(t="passed", u="failed")),
        (behaviour(t="failed"), behaviour(t="passed")),
        (behaviour(t="failed"), behaviour(t="failed")),
        (behaviour(broken={"a": "x"}), behaviour(broken={"a": "y"})),
    ],
)
def test_what_stays_or_gets_better_is_no_objection(before, after):
    assert before.worsening(after) is None


def test_a_long_list_of_worse_tests_is_cut():
    before = Behaviour({f"test_{n}": "passed" for n in range(50)}, {})

    assert before.worsening(behaviour()).count(";") == 2
