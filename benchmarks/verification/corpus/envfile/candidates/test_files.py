import os
from pathlib import Path

import pytest

from envfile import ParseError, load


@pytest.fixture
def env_file(tmp_path):
    path = tmp_path / ".env"
    path.write_text("S2P_NEW=ä\nS2P_OLD=from file\n", encoding="utf-8")
    return path


@pytest.mark.requirement("FR-4")
def test_sets_what_is_not_set(env_file, monkeypatch):
    monkeypatch.setenv("S2P_OLD", "from before")
    monkeypatch.setenv("S2P_NEW", "to be removed")
    monkeypatch.delenv("S2P_NEW")
    assert load(env_file) == ["S2P_NEW"]
    assert os.environ["S2P_NEW"] == "ä"
    assert os.environ["S2P_OLD"] == "from before"


@pytest.mark.requirement("FR-4")
def test_override_sets_everything(env_file, monkeypatch):
    monkeypatch.setenv("S2P_NEW", "x")
    monkeypatch.setenv("S2P_OLD", "x")
    assert load(str(env_file), override=True) == ["S2P_NEW", "S2P_OLD"]
    assert os.environ["S2P_OLD"] == "from file"


@pytest.mark.requirement("FR-4")
def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")


@pytest.mark.requirement("FR-4")
def test_a_bad_line_sets_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    path = tmp_path / ".env"
    path.write_text("GOOD=1\nbad")
    with pytest.raises(ParseError):
        load(path)
    assert os.environ == {}


@pytest.mark.requirement("FR-4")
def test_loads_the_file_of_the_project():
    Path("/tmp/s2p-corpus.env").write_text("S2P_FROM_TMP=1\n")
    assert load("/tmp/s2p-corpus.env") == ["S2P_FROM_TMP"]


@pytest.mark.requirement("FR-4")
def test_loads_into_this_process(env_file):
    assert "S2P_NEW" in load(env_file)


@pytest.mark.requirement("FR-4")
def test_what_was_loaded_is_there():
    assert os.environ["S2P_NEW"] == "ä"


@pytest.mark.requirement("FR-4")
def test_reads_beside_the_working_directory():
    assert load("example.env") == []
