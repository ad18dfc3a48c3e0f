import doctest
import string
import sys

import pytest

import roman
from roman import from_roman


class TestReading:
    @pytest.mark.requirement("FR-2")
    @pytest.mark.parametrize("text", ["", "IIII", "VX", "IC", "MMMM", "A", "X I", "IVI"])
    def test_no_numeral(self, text):
        with pytest.raises(ValueError, match="not a Roman numeral"):
            from_roman(text)

    @pytest.mark.requirement("FR-2")
    def test_any_case(self):
        assert from_roman("mcmxciv") == from_roman("McMxCiV") == 1994

    @pytest.mark.requirement("FR-2")
    def test_all_of_them(self):
        assert [from_roman(numeral) for numeral in roman.numerals()] == list(range(1, 4000))

    @pytest.mark.requirement("FR-2")
    def test_error_shows_what_was_given(self):
        with pytest.raises(ValueError) as caught:
            from_roman("abc")
        assert str(caught.value) == "not a Roman numeral: 'abc'"

    @pytest.mark.requirement("FR-2")
    def test_as_documented(self):
        """
        >>> from_roman("XIV")
        14
        """
        results = doctest.testmod(sys.modules[__name__])
        assert results.failed == 0

    @pytest.mark.requirement("FR-2")
    def test_letters_do_not_crash(self):
        for letter in string.ascii_letters:
            try:
                from_roman(letter)
            except ValueError:
                continue

    @pytest.mark.requirement("FR-2")
    def test_long_form_is_read(self):
        assert from_roman("IIII") == 4

    @pytest.mark.requirement("FR-2")
    def test_reads_one(self):
        assert roman.to_roman(1) == "I"


class TestCache:
    """A cache that the class keeps for its tests."""

    known: dict = {}

    @pytest.mark.requirement("FR-2")
    def test_1_fill(self):
        self.known["X"] = from_roman("X")
        assert self.known == {"X": 10}

    @pytest.mark.requirement("FR-2")
    def test_2_use(self):
        assert self.known["X"] == 10
        assert from_roman("XX") == 2 * self.known["X"]
