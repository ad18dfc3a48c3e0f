"""Files that a run leaves: hidden from git in a folder of its own, in no other."""

import pytest

from spec_to_production.delivery import (
    forget_changes,
    require_folder,
    require_place,
    write_changes,
    write_reports,
    write_verdicts,
)
from spec_to_production.errors import SettingsError
from spec_to_production.results import GeneratedFile, Verification
from spec_to_production.snapshot import git

FILES = [GeneratedFile(path="tests/test_a.py", content="def test_a(): ...\n")]


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "checkout"
    (folder / "docs").mkdir(parents=True)
    git("init", "--quiet", cwd=folder)
    return folder


@pytest.fixture
def trajectories(tmp_path):
    folder = tmp_path / "trajectories"
    folder.mkdir()
    (folder / "test_a.py.jsonl").write_text("{}\n")
    return folder


def new_files(root):
    listed = git("ls-files", "--others", "--exclude-standard", cwd=root)
    return listed.split()


def test_a_folder_of_ours_is_no_part_of_the_checkout(root, trajectories):
    for number in (1, 2):
        out = root / f"reports/run/{number}-calculator"
        write_changes(out, "", FILES, trajectories)
        write_reports(out, {"report.json": "{}"})
        assert (out / "tests/tests/test_a.py").read_text() == FILES[0].content
        assert (out / "report.json").exists()

    assert new_files(root) == []


def test_nothing_beside_a_folder_of_ours_is_hidden(root):
    write_reports(root / "reports/run", {"report.json": "{}"})
    (root / "reports/mine.md").write_text("")

    assert new_files(root) == ["reports/mine.md"]


def test_nothing_of_a_folder_that_was_there_is_hidden(root):
    (root / "docs/mine.md").write_text("")
    write_reports(root / "docs", {"report.json": "{}"})

    assert new_files(root) == ["docs/mine.md", "docs/report.json"]


def test_what_cannot_be_written_is_told_as_the_output(root):
    (root / "file").touch()

    with pytest.raises(SettingsError, match=r"output: .*file.* cannot be written"):
        write_reports(root / "file" / "out", {"report.json": "{}"})
    with pytest.raises(SettingsError, match=r"output: .*docs cannot be written"):
        write_verdicts(root / "docs", Verification())


@pytest.mark.parametrize("name", ["file", "file/out"])
def test_a_folder_that_a_file_stands_in_the_way_of_is_refused_before_a_run(root, name):
    (root / "file").touch()

    with pytest.raises(SettingsError, match=r"output: .*file cannot be written: Not a directory"):
        require_place(root / name)


@pytest.mark.parametrize("name", ["docs", "docs/out", "reports/run"])
def test_a_folder_that_a_run_can_write_is_not_made_before_it(root, name):
    require_folder(root / name)

    assert [path.name for path in root.iterdir() if path.name != ".git"] == ["docs"]
    assert list((root / "docs").iterdir()) == []


def test_no_tests_of_an_earlier_run_stand_where_one_was_interrupted(root, trajectories):
    out = root / "out"
    write_changes(out, "", FILES, trajectories)
    (out / "mine.txt").touch()

    forget_changes(out)

    assert sorted(path.name for path in out.iterdir()) == [".gitignore", "mine.txt"]


def test_a_run_without_jobs_leaves_no_empty_folder(root, tmp_path):
    (tmp_path / "none").mkdir()

    write_changes(root / "out", "", FILES, tmp_path / "none")

    assert sorted(path.name for path in (root / "out").iterdir()) == [
        ".gitignore",
        "changes.patch",
        "tests",
    ]


def test_tests_in_a_folder_that_is_not_ours_are_not_touched(root, trajectories):
    (root / "docs/tests").mkdir()
    (root / "docs/tests/test_mine.py").touch()
    write_changes(root / "docs", "", FILES, trajectories)

    forget_changes(root / "docs")

    assert (root / "docs/tests/test_mine.py").exists()


@pytest.mark.parametrize("name", ["", "docs"])
def test_a_folder_with_files_of_others_is_refused_before_a_run(root, name):
    (root / "docs/.gitignore").write_text("*\n")  # as other tools leave it, too

    with pytest.raises(SettingsError, match=r"output: .* holds files that are not of an earlier"):
        require_folder(root / name)


def test_a_folder_of_an_earlier_run_is_taken_again_for_one_pair_or_several(root, trajectories):
    write_changes(root / "out/1-a", "", FILES, trajectories)
    for name in ("out/1-a", "out", "out/2-b"):
        require_folder(root / name)
        write_changes(root / name, "", FILES, trajectories)

    assert new_files(root) == []
