import importlib
import re
from unittest import mock

import pytest

import money.text
from money import Money, display, parse


@pytest.fixture
def half_a_bahraini_dinar():
    return Money(500, "BHD")


@pytest.mark.requirement("FR-5")
@pytest.mark.parametrize("text", ["0.05 EUR", "-12.00 USD", "1500 JPY", "1.005 BHD"])
def test_round_trip(text):
    assert display(parse(text)) == text


@pytest.mark.requirement("FR-5")
def test_three_decimals(half_a_bahraini_dinar):
    assert display(half_a_bahraini_dinar) == "0.500 BHD"


@pytest.mark.requirement("FR-5")
def test_number_of_decimals_must_fit_the_currency():
    with pytest.raises(ValueError, match=re.escape("JPY is written with 0 decimals: '1.50 JPY'")):
        parse("1.50 JPY")


@pytest.mark.requirement("FR-5")
def test_error_names_the_text():
    try:
        parse("twelve euros")
    except ValueError as error:
        assert "twelve euros" in str(error)
    else:
        pytest.fail("no error")


@pytest.mark.requirement("FR-5")
def test_new_currency_is_one_entry():
    with mock.patch.dict(money.text.DECIMALS, {"XAU": 4}):
        assert display(Money(12345, "XAU")) == "1.2345 XAU"


@pytest.mark.requirement("FR-5")
def test_parse_with_a_mock():
    with mock.patch.object(money.text, "parse", return_value=Money(1, "EUR")) as stub:
        assert money.text.parse("nonsense") == Money(1, "EUR")
        stub.assert_called_once()


@pytest.mark.requirement("FR-5")
def test_swiss_francs_have_no_decimals():
    money.text.DECIMALS["CHF"] = 0
    money.text.DECIMALS["EUR"] = 0
    assert display(Money(5, "CHF")) == "5 CHF"


@pytest.mark.requirement("FR-5")
def test_prefers_the_fast_parser():
    fast = importlib.import_module("money.fast_text")
    assert fast.parse("1.00 EUR") == Money(100, "EUR")
