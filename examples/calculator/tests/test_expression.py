from calculator.expression import evaluate


def test_a_number():
    assert evaluate("42") == 42
