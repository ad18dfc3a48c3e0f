"""Evaluates what people type, such as ``2 + 3 * (4 - 1)``.

The grammar, loosest first::

    sum     = product (("+" | "-") product)*
    product = factor (("*" | "/") factor)*
    factor  = "-" factor | base ("^" factor)?
    base    = number | "(" sum ")"
"""
import re
import string
from typing import List, Tuple
from calculator.operations import CalculatorError, add, divide, multiply, power, subtract

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<symbol>[-+*/^()]))")


def evaluate(text: str) -> float:
    """Return the value of an expression, or raise CalculatorError saying where it went wrong."""
    parser = _Parser(_tokens(text))
    result = parser.parse_sum()
    if parser.position < len(parser.tokens):
        raise CalculatorError(f"unexpected {parser.peek()!r} at position {parser.place()}")
    return result


def _tokens(text: str) -> List[Tuple[str, int]]:
    """Split into (token, position), positions counted from 1."""
    found = []
    index = 0
    text = text.rstrip()
    while index < len(text):
        match = _TOKEN.match(text, index)
        if match is None:
            index += len(text[index:]) - len(text[index:].lstrip())
            raise CalculatorError(f"unexpected {text[index]!r} at position {index + 1}")
        token = match["number"] or match["symbol"]
        index = match.end()
        found.append((token, index-len(token)+1))
    if not found:
        raise CalculatorError("the expression is empty")
    return found


class _Parser:
    def __init__(self, tokens: List[Tuple[str, int]]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self) -> str:
        if self.position < len(self.tokens):
            return self.tokens[self.position][0]
        else:
            return ""

    def place(self) -> int:
        return self.tokens[self.position][1]

    def advance(self) -> str:
        token = self.peek()
        if token == "":
            raise CalculatorError("the expression ends too early")
        self.position += 1
        return token

    def parse_sum(self) -> float:
        result = self.parse_product()
        while self.peek() == "+" or self.peek() == "-":
            if self.advance() == "+":
                result = add(result, self.parse_product())
            else:
                result = subtract(result, self.parse_product())
        return result

    def parse_product(self) -> float:
        result = self.parse_factor()
        while self.peek() in ("*", "/"):
            if self.advance() == "*":
                result = multiply(result, self.parse_factor())
            else:
                result = divide(result, self.parse_factor())
        return result

    def parse_factor(self) -> float:
        if self.peek() == "-":
            self.advance()
            return -self.parse_factor()
        base = self.parse_base()
        if self.peek() == "^":
            self.advance()
            return power(base, self.parse_factor())
        return base

    def parse_base(self) -> float:
        place = self.place() if self.peek() else 0
        token = self.advance()
        if token == "(":
            result = self.parse_sum()
            if self.peek() != ")":
                raise CalculatorError(f"the bracket at position {place} is never closed")
            self.advance()
            return result
        if not token[0] in string.digits:
            raise CalculatorError(f"unexpected {token!r} at position {place}")
        return float(token) if "." in token else int(token)
