"""Code is read by several threads at once, and in Python's lines."""

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spec_to_production import syntax

SOURCES = [path.read_text("utf-8") for path in Path(syntax.__file__).parent.glob("*.py")]


@pytest.fixture
def restless():
    """Threads change, and garbage is collected, at every opportunity."""
    switching, thresholds = sys.getswitchinterval(), gc.get_threshold()
    collect = lambda *_: sum(range(50))  # noqa: E731
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    gc.callbacks.append(collect)
    yield
    gc.callbacks.remove(collect)
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(switching)


@pytest.mark.usefixtures("restless")
def test_threads_do_not_disturb_each_other():
    with ThreadPoolExecutor(6) as pool:
        trees = list(pool.map(syntax.parse, SOURCES * 6))
    assert len(trees) == len(SOURCES) * 6


@pytest.mark.parametrize(
    "mark", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_only_the_end_of_a_line_ends_one(mark):
    source = f"a = '{mark}'\nb = 2\r\nc = 3\rd = 4\n"
    lines = syntax.lines_of(source)
    assert lines == [f"a = '{mark}'", "b = 2", "c = 3", "d = 4"]
    assert [node.lineno for node in syntax.parse(source).body] == [1, 2, 3, 4]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_the_last_line_may_have_an_end_or_none(end):
    assert syntax.lines_of(f"a = 1\n\nb = 2{end}") == ["a = 1", "", "b = 2"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfx = '\xc3\xa9'\r\ny = 1\r\n", "x = 'é'\ny = 1\n"),
        (b"# coding: latin-1\nx = '\xe9'\n", "# coding: utf-8\nx = 'é'\n"),
        (b"#!x\n# -*- coding: cp1252 -*-\n", "#!x\n# -*- coding: utf-8 -*-\n"),
        (b"x = 1\n# encoding: as it comes\n", "x = 1\n# encoding: as it comes\n"),
        (b"# vim: set fileencoding=utf8 :\n", "# vim: set fileencoding=utf8 :\n"),
    ],
)
def test_a_file_is_decoded_as_python_does_it(data, text, tmp_path):
    (tmp_path / "a.py").write_bytes(data)
    assert syntax.read(tmp_path / "a.py") == text


@pytest.mark.parametrize("data", [b"x = 1\n\ny = '\xe9'\n", b"# coding: nonsense\n"])
def test_what_is_no_text_is_no_python(data, tmp_path):
    (tmp_path / "a.py").write_bytes(data)
    with pytest.raises(SyntaxError):
        syntax.read(tmp_path / "a.py")


def test_a_byte_order_mark_is_no_error():
    assert len(syntax.parse("\ufeffx = 1\n").body) == 1
