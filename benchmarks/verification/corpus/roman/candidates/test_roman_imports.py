import pytest

from roman import Numeral, to_roman


@pytest.mark.requirement("FR-1")
def test_numeral_class():
    assert Numeral(4) == to_roman(4)


@pytest.mark.requirement("FR-1")
def test_five():
    assert to_roman(5) == "V"
