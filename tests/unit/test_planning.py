import platform

import pytest

from spec_to_production import planning
from spec_to_production.errors import SettingsError
from spec_to_production.generation.disputes import Disputes
from spec_to_production.settings import Settings
from spec_to_production.snapshot import git

SPEC = """# Sums

## Functional requirements

- FR-1: `add` MUST give the sum.
- FR-2: `subtract` MUST give the difference.
"""


@pytest.fixture
def root(tmp_path):
    for path, text in {
        "specs/sums.md": SPEC,
        "src/sums/up.py": "def add(a, b):\n    return a + b\n" * 9,
        "src/sums/down.py": "def subtract(a, b):\n    return a - b\n",
        "tests/sums/test_up.py": "def test_up():\n    pass\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    git("init", "--quiet", cwd=tmp_path)
    return tmp_path


def order(root, work):
    settings = Settings(
        spec="specs/sums.md", component="src/sums", cache_dir="kept", llm_model="openai/x"
    )
    return [task.module for task in planning.make(settings, root, work).tasks]


def test_what_no_test_names_goes_before_what_is_longer(root, tmp_path_factory):
    assert order(root, tmp_path_factory.mktemp("before"))[0] == "src/sums/up.py"

    (root / "tests/sums/test_up.py").write_text("def test_up():  # FR-1\n    pass\n")

    assert order(root, tmp_path_factory.mktemp("after"))[0] == "src/sums/down.py"


def test_what_was_disputed_goes_first(root, tmp_path_factory):
    Disputes({"specs/sums.md src/sums": ("FR-2",)}).write(root / "kept")

    assert order(root, tmp_path_factory.mktemp("work"))[0] == "src/sums/down.py"


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("README.md", "README.md cannot be written"),
        ("README.md/verdicts.json", "README.md cannot be written"),
        (".", "holds files that are not of an earlier run"),
        ("tests", "holds files that are not of an earlier run"),
    ],
)
def test_an_output_that_cannot_be_used_is_told_before_anything_is_spent(
    root, tmp_path, output, told
):
    (root / "README.md").write_text("# Sums\n")
    settings = Settings(
        spec="specs/sums.md", component="src/sums", output=output, llm_model="openai/x"
    )

    with pytest.raises(SettingsError, match=f"output: .*{told}"):
        planning.make(settings, root, tmp_path / "work")


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ("def add(a, b):\n    return a +\n", "src/sums/up.py:2: invalid syntax."),
        ("# coding: none-such\n", "src/sums/up.py: unknown encoding: none-such."),
        ("x = 1\0", "src/sums/up.py: source code string cannot contain null bytes."),
    ],
)
def test_a_module_that_python_cannot_read_is_a_note_of_the_plan(root, tmp_path, code, where):
    settings = Settings(spec="specs/sums.md", component="src/sums", dry_run=True)
    assert planning.make(settings, root, tmp_path / "before").notes == ()

    (root / "src/sums/up.py").write_text(code)

    (note,) = planning.make(settings, root, tmp_path / "work").notes
    assert note.message == f"Python {platform.python_version()} cannot read {where}"
    assert note.level == "note"
