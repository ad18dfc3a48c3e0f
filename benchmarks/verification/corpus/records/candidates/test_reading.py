import pytest

from records import FormatError, loads


@pytest.mark.requirement("FR-1")
def test_types(table):
    header = "i:int|f:float|s:str|b:bool|plain\n"
    assert loads(header + "1|2.5|x|true|y\n") == [
        {"i": 1, "f": 2.5, "s": "x", "b": True, "plain": "y"}
    ]
    assert loads(table)[1]["age"] is None


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize(
    ("header", "problem"),
    [("a:date", "unknown type date of a"), ("a|b|a:int", "a stands twice in the header")],
)
def test_bad_header(header, problem):
    with pytest.raises(FormatError, match=problem):
        loads(header)


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1", "line 3: 1 fields instead of 2"),
        ("1|2|3", "line 3: 3 fields instead of 2"),
        ("x|y", "line 3: invalid literal"),
    ],
)
def test_bad_record(line, problem):
    with pytest.raises(FormatError, match=problem):
        loads(f"a:int|b\n1|fine\n{line}\n")


@pytest.mark.requirement("FR-2")
def test_escapes():
    assert loads("a|b\n" + r"x\|y|one\ntwo\\n" + "\n") == [{"a": "x|y", "b": "one\ntwo\\n"}]


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize("text", ["True", "1", "yes"])
def test_no_other_booleans(text):
    with pytest.raises(FormatError, match="not true or false"):
        loads(f"a:bool\n{text}\n")


@pytest.mark.requirement("FR-2")
def test_false_is_false():
    assert loads("a:bool\nfalse")[0]["a"] is False


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize("kind", ["int", "float", "str", "bool"])
def test_empty_field_is_none(kind):
    assert loads(f"a:{kind}|b\n|x") == [{"a": None, "b": "x"}]


@pytest.mark.requirement("FR-2")
def test_middle_name_that_is_missing():
    [record] = loads("first|middle|last\nAda||Lovelace")
    assert record["middle"] is None, "an empty field is None, not the empty text"


@pytest.mark.requirement("FR-2")
def test_table_is_read(table):
    records = loads(table)
    for record in records:
        for value in record.values():
            assert value == value


@pytest.mark.requirement("FR-2")
def test_missing_fields_are_filled_up():
    assert loads("a|b\nx") == [{"a": "x", "b": None}]


@pytest.mark.requirement("FR-2")
def test_reads_a_table(table):
    assert loads(table)[0] == {"name": "Ada", "age": 36}
