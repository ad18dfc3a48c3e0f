"""The folder that a user keeps between runs: hidden from git where it is this tool's alone."""

import pytest

from spec_to_production.generation.memory import Memory
from spec_to_production.snapshot import git


@pytest.fixture
def root(tmp_path):
    git("init", "--quiet", cwd=tmp_path)
    return tmp_path


def remember(folder):
    Memory(folder, print).journal([], "a" * 40, resume=True).close()


def test_a_folder_of_its_own_is_no_part_of_the_checkout(root):
    for _ in range(2):
        remember(root / "kept")

    assert git("ls-files", "--others", "--exclude-standard", cwd=root) == ""


def test_nothing_of_a_folder_that_was_there_is_hidden(root):
    (root / "backend").mkdir()
    (root / "backend/mine.py").touch()

    remember(root / "backend")

    assert not (root / "backend/.gitignore").exists()
