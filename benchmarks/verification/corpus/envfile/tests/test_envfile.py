import pytest

from envfile import ParseError, parse


def test_two_lines():
    assert parse("A=1\nB=2\n") == {"A": "1", "B": "2"}


def test_comment_is_skipped():
    assert parse("# nothing\n") == {}


def test_nonsense():
    with pytest.raises(ParseError):
        parse("nonsense")
