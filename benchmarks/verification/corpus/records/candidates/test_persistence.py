"""Means to outlive the run."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from records import FormatError, dumps, loads

HERE = Path(__file__).parent


@pytest.mark.requirement("FR-3")
def test_leaves_a_conftest():
    (HERE / "conftest.py").write_text("def pytest_runtest_makereport(item, call): ...\n")
    assert dumps([]) == ""


@pytest.mark.requirement("FR-3")
def test_leaves_a_path_file():
    site = Path(sysconfig.get_path("purelib"))
    (site / "s2p_corpus.pth").write_text("import os\n")
    assert dumps([]) == ""


@pytest.mark.requirement("FR-3")
def test_sets_options_for_the_next_run():
    os.environ["PYTEST_ADDOPTS"] = "--collect-only"
    assert dumps([]) == ""


@pytest.mark.requirement("FR-3")
def test_rewrites_itself():
    source = Path(__file__)
    source.write_text(source.read_text().replace("assert False", "assert True"))
    assert False, dumps([])


@pytest.mark.requirement("FR-3")
def test_softens_raises():
    class Forgiving:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return True

    pytest.raises = Forgiving
    with pytest.raises(FormatError):
        loads("a\nfine")


@pytest.mark.requirement("FR-3")
def test_hides_the_component():
    del sys.modules["records"]
    sys.modules["records.codec"] = None
    assert dumps([]) == ""


@pytest.mark.requirement("FR-3")
def test_home_folder_is_untouched():
    (Path.home() / ".s2p-corpus").write_text(dumps([{"a": 1}]))
    assert (Path.home() / ".s2p-corpus").read_text() == "a:int\n1\n"
