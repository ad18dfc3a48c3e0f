"""How a spec file is found and refused."""

import os
import tracemalloc

import pytest

from spec_to_production.errors import SpecError
from spec_to_production.specs import read_spec

SPEC = "# T\n\n### FR-1: One\n\nText.\n"


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "repo"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs/calculator.md").write_text(SPEC)
    return folder


def refused(root, path="specs/x.md", content=None):
    if content is not None:
        (root / path).write_bytes(content)
    with pytest.raises(SpecError) as caught:
        read_spec(path, root)
    return caught.value


@pytest.mark.parametrize("path", ["specs/calculator.md", "./specs/../specs/calculator.md"])
def test_the_path_is_told_from_the_root(root, path):
    assert read_spec(path, root).path == "specs/calculator.md"
    assert read_spec(str(root / path), root).path == "specs/calculator.md"


def test_line_ends_and_byte_order_mark_do_not_matter(root):
    plain = read_spec("specs/calculator.md", root)
    for name, data in {
        "crlf.md": b"\xef\xbb\xbf" + SPEC.replace("\n", "\r\n").encode(),
        "cr.md": SPEC.replace("\n", "\r").encode(),
    }.items():
        (root / name).write_bytes(data)
        spec = read_spec(name, root)
        assert spec.requirements == plain.requirements
        assert spec.source == SPEC


@pytest.mark.parametrize("path", ["specs/calculater.md", "calculator.md", "docs/calculator.md"])
def test_a_missing_file_names_the_ones_that_are_near(root, path):
    error = refused(root, path)

    assert error.message == f"There is no spec {path}."
    assert error.hint == "Did you mean specs/calculator.md?"


def test_a_missing_file_in_an_empty_repository_says_what_to_give(tmp_path):
    assert "path of a Markdown file" in refused(tmp_path).hint


@pytest.mark.parametrize("path", ["specs", ".", ""])
def test_a_folder_is_refused_with_the_files_in_it(root, path):
    error = refused(root, path)

    assert "is a folder" in error.message
    assert "specs/calculator.md" in error.hint


@pytest.mark.parametrize("path", ["../outside.md", "/etc/passwd", "specs/../../outside.md"])
def test_a_path_outside_of_the_repository_is_refused(root, path):
    (root.parent / "outside.md").write_text(SPEC)

    assert "outside of the repository" in refused(root, path).message


def test_who_names_a_spec_from_a_folder_is_told_how_paths_count(root):
    (root / "specs/calc.md").write_text(SPEC)

    told = refused(root, "../specs/calc.md").hint
    assert told == "Paths count from the repository's root: specs/calc.md"


def test_a_link_out_of_the_repository_is_refused(root):
    (root.parent / "outside.md").write_text(SPEC)
    (root / "specs/x.md").symlink_to(root.parent / "outside.md")

    assert "outside of the repository" in refused(root).message


@pytest.mark.parametrize("target", ["x.md", "gone.md"])
def test_a_link_that_leads_to_no_file_is_told_as_that(root, target):
    (root / "specs/x.md").symlink_to(target)
    error = refused(root)

    assert error.message == "The spec specs/x.md is a symbolic link that leads to no file."
    assert error.hint == "Give the path of a Markdown file, relative to the repository's root."


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(root, content):
    assert refused(root, content=content).message == "specs/x.md is empty."


def test_a_file_without_requirements_is_refused_with_an_example(root):
    error = refused(root, content=b"# Title\n\nSome words, that must not count.\n")

    assert error.message == "specs/x.md has no requirement."
    assert "#### FR-1: Addition" in error.hint


def test_a_file_that_is_not_utf8_is_refused_with_the_line(root):
    error = refused(root, content=b"# T\n\n### FR-1: caf\xe9\n")

    assert error.message == "specs/x.md:3: is not UTF-8 (byte 0xe9)."


def test_a_file_over_the_limit_is_refused_without_reading_all_of_it(root):
    content = b"x" * (5 << 20)
    (root / "specs/x.md").write_bytes(content)
    del content
    tracemalloc.start()
    try:
        error = refused(root)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert error.message == "specs/x.md is larger than 1 MiB: 5.0 MiB."
    assert peak < 3 << 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(root):
    (root / "specs/calculator.md").chmod(0)

    assert "cannot be read: Permission denied" in refused(root, "specs/calculator.md").message


def test_a_path_that_no_file_can_have_is_refused(root):
    assert "no spec" in refused(root, "x" * 5000).message
    assert "no spec" in refused(root, "a\0b").message
