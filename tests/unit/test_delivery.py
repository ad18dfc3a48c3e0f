"""Files that a run leaves: hidden from git in a folder of its own, in no other."""

import pytest

from spec_to_production.delivery import write_changes, write_reports
from spec_to_production.results import GeneratedFile
from spec_to_production.snapshot import git

FILES = [GeneratedFile(path="tests/test_a.py", content="def test_a(): ...\n")]


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "checkout"
    (folder / "docs").mkdir(parents=True)
    git("init", "--quiet", cwd=folder)
    return folder


def new_files(root):
    listed = git("ls-files", "--others", "--exclude-standard", cwd=root)
    return listed.split()


def test_a_folder_of_ours_is_no_part_of_the_checkout(root, tmp_path):
    trajectories = tmp_path / "trajectories"
    trajectories.mkdir()

    write_changes(root / "out" / "calculator", "", FILES, trajectories)
    write_reports(root / "out", {"report.json": "{}"})

    assert (root / "out/calculator/tests/tests/test_a.py").read_text() == FILES[0].content
    assert (root / "out/report.json").exists()
    assert new_files(root) == []


def test_nothing_of_a_folder_that_was_there_is_hidden(root):
    (root / "docs/mine.md").write_text("")
    write_reports(root / "docs", {"report.json": "{}"})

    assert new_files(root) == ["docs/mine.md", "docs/report.json"]
