import roman


def test_one():
    assert roman.to_roman(1) == "I"


def test_round_trip():
    for number in range(1, 100):
        assert roman.from_roman(roman.to_roman(number)) == number
