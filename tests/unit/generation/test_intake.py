import pytest

from spec_to_production.generation.intake import LARGEST_FILE, admit
from support.openhands import new_file

ALLOWED = {"tests/test_a.py"}


def test_the_file_that_was_asked_for_is_let_in(snapshot, tmp_path):
    intake = admit(new_file("tests/test_a.py", "x = 1\n"), snapshot, ALLOWED, tmp_path)

    assert [(file.path, file.content) for file in intake.files] == [("tests/test_a.py", "x = 1\n")]
    assert intake.refused == ()


@pytest.mark.parametrize(
    "path",
    ["conftest.py", "src/calc/sums2.py", ".github/workflows/x.yml", "tests/test_ab.py"],
)
def test_anything_else_is_refused_by_name(snapshot, tmp_path, path):
    patch = new_file("tests/test_a.py", "x = 1\n") + new_file(path, "evil\n")

    intake = admit(patch, snapshot, ALLOWED, tmp_path)

    assert [file.path for file in intake.files] == ["tests/test_a.py"]
    assert [file.path for file in intake.refused] == [path]


@pytest.mark.parametrize(
    ("mode", "reason"), [("120000", "not a regular file"), ("100755", "executable")]
)
def test_links_and_programs_are_refused(snapshot, tmp_path, mode, reason):
    patch = new_file("tests/test_a.py", "/etc/passwd", mode=mode)

    intake = admit(patch, snapshot, ALLOWED, tmp_path)

    assert intake.files == ()
    assert [file.reason for file in intake.refused] == [reason]


def test_a_huge_file_is_refused(snapshot, tmp_path):
    patch = new_file("tests/test_a.py", "x = 1\n" * LARGEST_FILE)

    intake = admit(patch, snapshot, ALLOWED, tmp_path)

    assert "larger than" in intake.refused[0].reason


@pytest.mark.parametrize(
    "patch",
    [
        "not a patch at all",
        new_file("../outside.py", "x = 1\n"),
        new_file(".git/hooks/pre-commit", "x\n"),
    ],
)
def test_what_is_no_patch_or_leaves_the_folder_is_refused_whole(snapshot, tmp_path, patch):
    intake = admit(patch, snapshot, {"../outside.py", ".git/hooks/pre-commit"}, tmp_path)

    assert intake.files == ()
    assert intake.refused


def test_what_python_leaves_behind_is_neither_let_in_nor_reported(snapshot, tmp_path):
    patch = new_file("tests/test_a.py", "x = 1\n") + new_file("tests/__pycache__/a.pyc", "x\n")

    intake = admit(patch, snapshot, ALLOWED, tmp_path)

    assert len(intake.files) == 1
    assert intake.refused == ()


def test_nothing_changed_is_nothing_let_in(snapshot, tmp_path):
    assert admit("", snapshot, ALLOWED, tmp_path).files == ()
