"""Roman numerals, 1 to 3999."""

from collections.abc import Iterator

LARGEST = 3999
SYMBOLS = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)


def to_roman(number: int) -> str:
    """Write a number."""
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(f"not a whole number: {number!r}")
    if not 1 <= number <= LARGEST:
        raise ValueError(f"not between 1 and {LARGEST}: {number}")
    numeral = ""
    for value, symbol in SYMBOLS:
        count, number = divmod(number, value)
        numeral += symbol * count
    return numeral


def from_roman(text: str) -> int:
    """Read a numeral, in any case."""
    numeral = text.upper()
    number, rest = 0, numeral
    for value, symbol in SYMBOLS:
        while rest.startswith(symbol):
            number += value
            rest = rest[len(symbol) :]
    if rest or not 1 <= number <= LARGEST or to_roman(number) != numeral:
        raise ValueError(f"not a Roman numeral: {text!r}")
    return number


def numerals(start: int = 1) -> Iterator[str]:
    """The numerals from ``start`` on."""
    for number in range(start, LARGEST + 1):
        yield to_roman(number)
