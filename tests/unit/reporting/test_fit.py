import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.reporting.fit import Section, Unit, fit, utf8, utf16


def note(missing, shortened):
    return f"({missing} left out, {shortened} shortened)"


def section(name, *units, **options):
    return Section(f"# {name}", tuple(units), **options)


forms = st.lists(st.text(max_size=60), min_size=1, max_size=3)
sections = st.lists(
    st.builds(
        Section,
        heading=st.text(max_size=20),
        units=st.lists(forms.map(lambda texts: Unit.of(*texts)), max_size=8).map(tuple),
        preface=st.text(max_size=10),
        blocks=st.booleans(),
        folded=st.booleans(),
    ),
    max_size=6,
)


@given(sections, st.integers(700, 3000), st.sampled_from([utf8, utf16]))
def test_the_text_is_never_longer_than_the_limit(given_sections, limit, size):
    try:
        document = fit(given_sections, limit=limit, size=size, note=note)
    except ValueError:
        return

    assert size(document) <= limit


def test_everything_is_shown_in_its_fullest_form_where_there_is_room():
    document = fit(
        [section("a", Unit.of("short", "long and full"))], limit=1000, size=len, note=note
    )

    assert "long and full" in document
    assert "left out" not in document


def test_every_unit_is_named_before_any_is_shown_in_full():
    units = [Unit.of(f"unit {n}", f"unit {n} " + "x" * 100) for n in range(10)]

    document = fit([section("a", *units)], limit=450, size=len, note=note)

    assert all(f"unit {n}" in document for n in range(10))
    assert "shortened" in document


def test_a_leading_section_gets_its_fuller_form_before_others_get_any():
    leading = section("a", Unit.of("terse", "full " + "x" * 50, "fullest " * 20), leads=True)
    other = section("b", *(Unit.of(f"row {n} " + "x" * 30) for n in range(5)))

    document = fit([leading, other], limit=260, size=len, note=note)

    assert "full x" in document
    assert "row 0" in document
    assert "row 4" not in document


def test_the_last_units_are_left_out_first_and_counted():
    first = section("first", *(Unit.of(f"one {n} " + "x" * 40) for n in range(4)))
    second = section("second", *(Unit.of(f"two {n} " + "x" * 40) for n in range(4)))

    document = fit([first, second], limit=380, size=len, note=note)

    assert all(f"one {n}" in document for n in range(4))
    assert "two 3" not in document
    assert "# second" in document
    assert "left out" in document


def test_a_unit_that_is_too_long_does_not_keep_later_ones_out():
    units = (Unit.of("giant " * 1000), Unit.of("small"))

    document = fit([section("a", *units)], limit=300, size=len, note=note)

    assert "small" in document
    assert "(1 left out, 0 shortened)" in document


def test_a_folded_section_without_room_is_one_line():
    document = fit([section("a", Unit.of("x" * 500), folded=True)], limit=200, size=len, note=note)

    assert document == "# a (1 left out, 0 shortened)\n"


def test_headings_that_do_not_fit_are_an_error():
    with pytest.raises(ValueError, match="headings alone"):
        fit([section("a" * 100)], limit=50, size=len, note=note)
