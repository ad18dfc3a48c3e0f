"""What nulls and mutants return."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import uuid
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.verification.runner.stand_ins import FALSY, TRUTHY, altered, emptied


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(plain)
def test_an_altered_value_is_another_one_of_the_same_type(value):
    other = altered(value)
    assert other != value
    assert value is None or type(other) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        *(Colour.RED, dt.date(2024, 2, 29), dt.timedelta(1), decimal.Decimal("1.5"), {1, 2}),
        *(uuid.UUID(int=1), PurePosixPath("shop/tea")),
    ],
)
def test_well_known_types_are_altered_too(value):
    assert altered(value) != value
    assert type(altered(value)) is type(value)


class Cart:
    """One that is written down by hand, with what it never gets to have."""

    __slots__ = ("__gift", "items")

    def __init__(self, items):
        self.items = items


@dataclasses.dataclass
class OpenCart:
    items: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class ClosedCart:
    items: list[str]


class FullCart(ClosedCart):
    """One with attributes beside the slots that it inherits."""


@pytest.mark.parametrize("kind", [Cart, OpenCart, ClosedCart, FullCart])
def test_an_object_is_altered_in_its_attributes(kind):
    cart = kind(["tea"])
    assert altered(cart).items == ["tea~"]
    assert cart.items == ["tea"]


def test_an_object_that_is_its_own_copy_stays_as_it_is():
    class Only(OpenCart):
        def __copy__(self):
            return self

    only = Only(["tea"])
    assert altered(only) is only
    assert only.items == ["tea"]


def test_what_is_left_to_the_other_side_of_a_comparison_is_answered():
    assert altered(NotImplemented) is True


@pytest.mark.parametrize("of", [iter, reversed, lambda items: map(abs, items), enumerate])
@pytest.mark.parametrize("items", [[], [1, 2]])
def test_an_iterator_gives_other_items(of, items):
    assert list(altered(of(items))) != list(of(items))
    assert list(emptied(of(items))) == []


def test_a_file_is_no_iterator_of_lines():
    with Path(__file__).open(encoding="utf-8") as file:
        assert altered(file) is file
        assert emptied(file) is file


@given(st.integers() | st.text() | st.lists(st.integers()))
def test_an_emptied_value_is_false(value):
    assert not emptied(value)
    assert type(emptied(value)) is type(value)


@pytest.mark.parametrize(("null", "truth"), [(TRUTHY, True), (FALSY, False)])
def test_nulls_go_along_with_everything_but_a_comparison_of_values(null, truth):
    assert bool(null) is truth
    assert len(null) == int(truth)
    assert null.anything(1)[2] + 3 is null
    assert null == null  # noqa: PLR0124
    assert null != 1
    assert null is not None
    assert null >= 0
    assert null < 0
    with null as entered:
        assert entered is null
    assert list(null) == [null] * truth


@pytest.mark.parametrize(("kind", "values"), [(enum.Enum, [2, 3]), (enum.StrEnum, ["a~", "b"])])
def test_a_member_that_gets_its_value_gets_another_one_of_its_kind(kind, values):
    members = kind("Members", [("A", altered(enum.auto())), ("B", enum.auto())])
    assert [member.value for member in members] == values
