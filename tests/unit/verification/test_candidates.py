"""Generated files are read without being run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.errors import TestsError
from spec_to_production.results import Component, GeneratedFile, Module
from spec_to_production.snapshot import git
from spec_to_production.verification.candidates import load_tests, read
from spec_to_production.verification.statements import expects_exception

COMPONENT = Component(
    name="shop",
    path="src/shop",
    import_root="src",
    modules=(Module(path="src/shop/__init__.py", name="shop", lines=1),),
    tests_dir="tests/shop",
)


def files_of(tests, root):
    return [(file.path, file.content) for file in load_tests(tests, root, COMPONENT)]


def candidate(path, content, checkout):
    return read(GeneratedFile(path=path, content=content), checkout, COMPONENT)


@pytest.mark.parametrize(
    "path",
    [
        "tests/shop/conftest.py",
        "src/shop/__init__.py",
        "src/other.py",
        "../tests/test_x.py",
        "/tests/test_x.py",
        "tests/.hidden/test_x.py",
        "tests/data.json",
        ".github/workflows/tests/x.py",
    ],
)
def test_paths_that_are_no_test_files_are_out_of_scope(path, tmp_path):
    refused = candidate(path, "def test_a(): pass", tmp_path).refused
    assert refused is not None
    assert refused[0] == "out_of_scope"


def test_a_test_may_go_beside_others_wherever_they_are(tmp_path):
    (tmp_path / "test_old.py").write_text("def test_a(): pass\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/test_bench.py").write_text("RUNS = 3\n")
    assert candidate("test_new.py", "def test_a(): pass", tmp_path).refused is None
    assert candidate("new_test.py", "def test_a(): pass", tmp_path).refused is None
    for path in ("helpers.py", "src/test_new.py", "lib/test_new.py"):
        reason, detail = candidate(path, "def test_a(): pass", tmp_path).refused or ("", "")
        assert reason == "out_of_scope"
        assert "may go into tests/shop" in detail


def test_what_pytest_does_not_look_at_holds_no_tests(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (tmp_path / "test_old.py").write_text("def test_a(): pass\n")
    assert candidate("test_new.py", "def test_a(): pass", tmp_path).refused is not None


def test_a_file_that_is_no_python_still_names_its_tests(tmp_path):
    found = candidate("tests/test_x.py", "def test_a(:\n    pass\ndef test_b(): pass", tmp_path)
    assert found.refused is not None
    assert found.refused[0] == "syntax_error"
    assert "line 1" in found.refused[1]
    assert [function.name for function in found.functions] == ["test_a", "test_b"]


def test_a_name_that_is_taken_in_the_same_file_shadows(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text("def test_old(): pass\n")
    found = candidate("tests/test_x.py", "def test_old(): pass\ndef test_new(): pass\n", tmp_path)
    assert [name for name, _ in found.shadowing] == ["test_old"]
    assert found.placed == "tests/test_x_2.py"
    assert found.id_of("test_new") == "tests/test_x.py::test_new"


def test_two_test_modules_of_one_name_are_kept_apart(tmp_path):
    (tmp_path / "tests/a").mkdir(parents=True)
    (tmp_path / "tests/a/test_x.py").write_text("")
    assert candidate("tests/b/test_x.py", "", tmp_path).placed == "tests/b/test_x_2.py"


def test_tests_from_outside_go_to_the_components_folder(tmp_path):
    root, outside = tmp_path / "repository", tmp_path / "new"
    (root / "tests").mkdir(parents=True)
    outside.mkdir()
    (outside / "test_x.py").write_text("def test_x(): pass\n")
    (root / "tests/test_y.py").write_text("def test_y(): pass\n")
    assert load_tests(str(outside), root, COMPONENT)[0].path == "tests/shop/test_x.py"
    assert load_tests("tests/test_y.py", root, COMPONENT)[0].path == "tests/test_y.py"


def test_a_conftest_as_it_was_committed_is_the_projects_own(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        (tmp_path / "tests" / folder / "conftest.py").write_bytes(b"OLD = 1\r\n")
    git("init", "--quiet", cwd=tmp_path)
    git("add", "--all", cwd=tmp_path)
    git("commit", "--quiet", "--message=base", cwd=tmp_path)
    (tmp_path / "tests/test_x.py").write_text("def test_x(): pass\n")
    (tmp_path / "tests/conftest.py").write_text("NEW = 1\n")
    (tmp_path / "tests/b/conftest.py").write_text("CHANGED = 1\n")

    found = [path for path, _ in files_of("tests", tmp_path)]

    assert found == ["tests/b/conftest.py", "tests/conftest.py", "tests/test_x.py"]
    with pytest.raises(TestsError, match="tests/a"):
        files_of("tests/a", tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_tests_is_a_clear_error(name, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(TestsError, match=name):
        load_tests(name, tmp_path, COMPONENT)


def test_the_place_of_an_expected_exception_is_known():
    source = "def test_a():\n    with pytest.raises(E):\n        f()\n    g()\n"
    assert expects_exception(source, 3)
    assert not expects_exception(source, 4)


def test_a_file_that_is_no_text_keeps_no_other_from_being_judged(tmp_path):
    new = tmp_path / "tests"
    new.mkdir()
    (new / "test_a.py").write_bytes(b"\xef\xbb\xbfdef test_a():\r\n    pass\r\n")
    (new / "test_b.py").write_bytes(b"def test_b():\n    assert '\xe9'\n")
    (new / "test_c.py").write_bytes(b"# coding: latin-1\ndef test_c():\n    assert '\xe9'\n")
    read_in = [candidate(*one, tmp_path) for one in files_of(str(new), tmp_path)]
    assert [one.refused for one in read_in] == [
        None,
        ("syntax_error", "line 2 is no text in UTF-8, or in the encoding that the file names"),
        None,
    ]
    assert [one.functions[0].name for one in read_in] == ["test_a", "test_b", "test_c"]


def test_a_byte_order_mark_is_left_out(tmp_path):
    found = candidate("tests/test_x.py", "\ufeffdef test_a(): pass\n", tmp_path)
    assert (found.refused, found.content) == (None, "def test_a(): pass\n")


@given(st.text())
def test_no_text_breaks_the_reader(tmp_path_factory, text):
    found = candidate("tests/test_x.py", text, tmp_path_factory.getbasetemp())
    assert found.content == text.removeprefix("\ufeff")
