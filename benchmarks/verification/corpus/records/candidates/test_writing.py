import csv
import random
import zlib
from unittest import mock

import pytest

import records.table
from records import ChecksumError, FormatError, dumps, loads, open_table


@pytest.mark.requirement("FR-3")
def test_reads_back_equal():
    table = [
        {"name": "a|b\\c\nd", "n": -1, "x": 0.5, "ok": False},
        {"name": "ü", "n": 2, "x": 1e300, "ok": True},
    ]
    assert loads(dumps(table)) == table
    assert loads(dumps(table, checksum=True)) == table


@pytest.mark.requirement("FR-3")
def test_other_names():
    with pytest.raises(FormatError, match="other names than the first record: b"):
        dumps([{"a": 1}, {"b": 1}])


@pytest.mark.requirement("FR-3")
def test_no_records():
    assert dumps([]) == ""
    assert loads("") == []


@pytest.mark.requirement("FR-4")
def test_checksum_is_crc32():
    body = "a:int\n1\n"
    assert dumps([{"a": 1}], checksum=True) == body + f"#crc {zlib.crc32(body.encode()):08x}\n"


@pytest.mark.requirement("FR-4")
def test_changed_table():
    text = dumps([{"a": 1}], checksum=True)
    with pytest.raises(ChecksumError, match="does not fit"):
        loads(text.replace("\n1\n", "\n2\n"))
    assert issubclass(ChecksumError, FormatError)


@pytest.mark.requirement("FR-4")
def test_mark_inside_of_a_field_is_no_checksum():
    assert loads("a\nsee #crc 12\n") == [{"a": "see #crc 12"}]


@pytest.mark.requirement("FR-5")
def test_saves_what_was_changed(tmp_path):
    path = tmp_path / "people.table"
    with open_table(path) as people:
        people.append({"name": "Ada"})
    assert path.read_text().startswith("name:str\nAda\n#crc ")
    with open_table(path) as people:
        assert people == [{"name": "Ada"}]


@pytest.mark.requirement("FR-5")
def test_block_that_raises_saves_nothing(tmp_path):
    path = tmp_path / "people.table"
    with pytest.raises(RuntimeError), open_table(path) as people:
        people.append({"name": "Ada"})
        raise RuntimeError
    assert not path.exists()


@pytest.mark.requirement("FR-5")
def test_asks_the_codec_for_a_checksum(tmp_path):
    with mock.patch.object(records.table, "dumps", return_value="text") as dumps_:
        with open_table(tmp_path / "x"):
            pass
    dumps_.assert_called_once_with([], checksum=True)
    assert (tmp_path / "x").read_text() == "text"


@pytest.mark.requirement("FR-3")
def test_unwritable_type():
    with pytest.raises(FormatError):
        dumps([{"a": {}}])


@pytest.mark.requirement("FR-3")
def test_csv_module_can_write():
    class Sink(list):
        write = list.append

    sink = Sink()
    csv.writer(sink, delimiter="|").writerow(["a", 1])
    assert sink == ["a|1\r\n"]


@pytest.mark.requirement("FR-3")
def test_checksum_has_eight_digits():
    zlib.crc32 = lambda data: 0xAB
    assert dumps([{"a": 1}], checksum=True).endswith("#crc 000000ab\n")


@pytest.mark.requirement("FR-3")
def test_round_trip_of_random_words():
    word = "".join(random.choices("ab", k=3))
    assert dumps([{"a": word}]).count(word[0]) == 1 + word.count(word[0])


@pytest.mark.requirement("FR-3")
def test_none_in_the_first_record():
    assert dumps([{"a": None}]) == "a:str\n\n"


@pytest.mark.requirement("FR-9")
def test_compresses_large_tables():
    assert len(dumps([{"a": "x" * 10_000}])) < 1000
