"""Red on the base: one test here has been failing for a while, and is nobody's fault."""

from records import dumps, loads


def test_reads_a_table(table):
    assert loads(table)[0] == {"name": "Ada", "age": 36}


def test_writes_a_table():
    assert dumps([{"a": 1}]) == "a:int\n1\n"


def test_writes_dates():
    import datetime

    assert dumps([{"day": datetime.date(2026, 9, 1)}]) == "day:date\n2026-09-01\n"
