import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_to_production.generation.intake import LARGEST_FILE, admit
from support.openhands import new_file

ALLOWED = {"tests/test_a.py"}


@pytest.fixture
def copy(snapshot, tmp_path):
    return snapshot.copy(tmp_path / "copy")


def test_the_file_that_was_asked_for_is_let_in():
    intake = admit(new_file("tests/test_a.py", "x = 1\n"), ALLOWED)

    assert [(file.path, file.content) for file in intake.files] == [("tests/test_a.py", "x = 1\n")]
    assert intake.refused == ()


@pytest.mark.parametrize(
    "path",
    ["conftest.py", "src/calc/sums2.py", ".github/workflows/x.yml", "tests/test_ab.py"],
)
def test_anything_else_is_refused_by_name(path):
    patch = new_file("tests/test_a.py", "x = 1\n") + new_file(path, "evil\n")

    intake = admit(patch, ALLOWED)

    assert [file.path for file in intake.files] == ["tests/test_a.py"]
    assert [file.path for file in intake.refused] == [path]


@pytest.mark.parametrize(
    ("mode", "reason"), [("120000", "not a regular file"), ("100755", "executable")]
)
def test_links_and_programs_are_refused(mode, reason):
    patch = new_file("tests/test_a.py", "/etc/passwd", mode=mode)

    intake = admit(patch, ALLOWED)

    assert intake.files == ()
    assert [file.reason for file in intake.refused] == [reason]


def test_a_huge_file_is_refused():
    patch = new_file("tests/test_a.py", "x = 1\n" * LARGEST_FILE)

    intake = admit(patch, ALLOWED)

    assert "larger than" in intake.refused[0].reason


def test_much_that_nobody_asked_for_does_not_cost_what_was():
    data = new_file("data.txt", "x" * (17 << 20))

    intake = admit(data + new_file("tests/test_a.py", "x = 1\n") + data, ALLOWED)

    assert [file.content for file in intake.files] == ["x = 1\n"]
    assert [file.path for file in intake.refused] == ["data.txt", "data.txt"]


@pytest.mark.parametrize(
    "patch",
    [
        "not a patch at all",
        new_file("../outside.py", "x = 1\n"),
        new_file(".git/hooks/pre-commit", "x\n"),
    ],
)
def test_what_is_no_patch_or_leaves_the_folder_is_refused(patch):
    intake = admit(patch, ALLOWED)

    assert intake.files == ()
    assert intake.refused


def test_what_python_leaves_behind_is_neither_let_in_nor_reported():
    patch = new_file("tests/test_a.py", "x = 1\n") + new_file("tests/__pycache__/a.pyc", "x\n")

    intake = admit(patch, ALLOWED)

    assert len(intake.files) == 1
    assert intake.refused == ()


def test_nothing_changed_is_nothing_let_in():
    assert admit("", ALLOWED).files == ()


LINES = st.sampled_from(
    [
        "def test(): pass",
        "diff --git a/x b/x",
        "@@ -0,0 +1 @@",
        "+",
        "-",
        "\\ No newline",
        "ä\u2028",
    ]
)
TEXTS = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r", "\f", ""]))).map(
    lambda lines: "".join(line + end for line, end in lines)
)


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | TEXTS)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_comes_in_as_it_was_written_whatever_is_in_it(snapshot, copy, text):
    (copy / "tests" / "test_ä b.py").write_bytes(text.encode())

    intake = admit(snapshot.diff(copy), {"tests/test_ä b.py"})

    assert [file.content for file in intake.files] == [text]


def test_what_was_there_before_is_not_taken_as_new(snapshot, copy):
    existing = copy / "tests" / "calc" / "test_sums.py"
    existing.rename(copy / "tests" / "calc" / "test_moved.py")
    (copy / "src" / "calc" / "sums.py").write_text("changed = 1\n")
    allowed = {"src/calc/sums.py", "tests/calc/test_moved.py"}

    intake = admit(snapshot.diff(copy), allowed)

    assert [file.path for file in intake.files] == ["tests/calc/test_moved.py"]
    assert {file.path: file.reason for file in intake.refused} == {
        "src/calc/sums.py": "it was there before",
        "tests/calc/test_sums.py": "the job was not asked to change it",
    }


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b"])
def test_what_is_no_text_is_refused(snapshot, copy, content):
    (copy / "tests" / "test_a.py").write_bytes(content)

    intake = admit(snapshot.diff(copy), ALLOWED)

    assert [file.reason for file in intake.refused] == ["not UTF-8 text"]
