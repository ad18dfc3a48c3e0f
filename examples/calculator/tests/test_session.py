from calculator.session import Calculator


def test_starts_at_zero():
    assert Calculator().value == 0


def test_apply_keeps_the_value():
    calculator = Calculator()
    calculator.apply("+", 5)
    calculator.apply("*", 3)
    assert calculator.value == 15


def test_store_and_recall():
    calculator = Calculator()
    calculator.apply("+", 7)
    calculator.memory_store()
    calculator.clear()
    assert calculator.memory_recall() == 7
