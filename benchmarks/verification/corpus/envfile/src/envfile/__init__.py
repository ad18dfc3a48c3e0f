from envfile.files import load
from envfile.parser import ParseError, parse

__all__ = ["ParseError", "load", "parse"]
