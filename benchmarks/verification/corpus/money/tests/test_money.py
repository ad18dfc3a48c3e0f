from money import Money, allocate, parse, percent


def test_adding_two_amounts():
    assert Money(150, "EUR") + Money(250, "EUR") == Money(400, "EUR")


def test_percent_of_a_round_amount():
    assert percent(Money(1000, "EUR"), 19) == Money(190, "EUR")


def test_allocate_in_halves():
    assert allocate(Money(100, "EUR"), [1, 1]) == [Money(50, "EUR"), Money(50, "EUR")]


def test_parse_plain_amount():
    assert parse("12.34 EUR") == Money(1234, "EUR")
