"""The component has no bug: whatever fails here is the test's own fault."""

import itertools
import random

import pytest

from roman import LARGEST, SYMBOLS, numerals, to_roman


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize(
    ("number", "numeral"),
    [(4, "IV"), (9, "IX"), (40, "XL"), (1994, "MCMXCIV"), (3999, "MMMCMXCIX")],
)
def test_subtractive_form(number, numeral):
    assert to_roman(number) == numeral


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize("number", [0, -1, 4000])
def test_out_of_range(number):
    with pytest.raises(ValueError, match=f"between 1 and 3999: {number}"):
        to_roman(number)


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize("number", [1.0, "1", None, True])
def test_other_types(number):
    with pytest.raises(TypeError, match="not a whole number"):
        to_roman(number)


def test_fr1_symbols_descend():
    values = [value for value, _ in SYMBOLS]
    assert values == sorted(values, reverse=True)
    assert dict(SYMBOLS)[900] == "CM"


@pytest.mark.requirement("FR-3")
def test_counting_on():
    assert list(itertools.islice(numerals(), 3)) == ["I", "II", "III"]
    assert list(numerals(3998)) == ["MMMCMXCVIII", "MMMCMXCIX"]


@pytest.mark.requirement("FR-3")
def test_there_are_so_many():
    assert sum(1 for _ in numerals()) == 3999 == LARGEST


def test_no_symbol_four_times_in_a_row():
    assert not any(symbol * 4 in numeral for numeral in numerals() for symbol in "IVXLCDM")
    assert max(map(len, numerals())) == len("MMMDCCCLXXXVIII")


@pytest.mark.requirement("FR-1")
def test_own_copy_of_the_code():
    def to_roman(number):
        return "".join(symbol for value, symbol in ((5, "V"), (1, "I")) if number >= value)

    assert to_roman(6) == "VI"


@pytest.mark.requirement("FR-1")
def test_short_numerals():
    number = random.randint(9, 18)
    assert len(to_roman(number)) < 5


@pytest.mark.requirement("FR-1")
def test_numeral_of_a_random_year():
    year = 1970 + random.randrange(50)
    assert to_roman(year).startswith("MCM") == (year < 2000)
    assert year != 1999 or to_roman(year) == "MIM"


@pytest.mark.requirement("FR-1")
def test_zero_is_nulla():
    assert to_roman(0) == "nulla"
