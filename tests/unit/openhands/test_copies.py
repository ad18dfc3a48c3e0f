from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_to_production.disk import remove
from spec_to_production.errors import OpenHandsError
from spec_to_production.openhands import copies
from spec_to_production.snapshot import Snapshot, git
from support.folders import dig


@pytest.fixture
def base(tmp_path: Path) -> Path:
    checkout = tmp_path / "checkout"
    (checkout / "src").mkdir(parents=True)
    (checkout / "src" / "area.py").write_text("def area(a, b):\n    return a * b\n")
    (checkout / "windows.txt").write_bytes(b"one\r\ntwo\r\n")
    (checkout / ".gitattributes").write_text("* text=auto\n")
    (checkout / "run.sh").write_text("#!/bin/sh\n")
    (checkout / "run.sh").chmod(0o755)
    git("init", "--quiet", cwd=checkout)
    return Snapshot.take(checkout, tmp_path / "base").path


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Path:
    copies.make(base, tmp_path / "copy", None)
    return tmp_path / "copy"


def changes(base: Path, copy: Path) -> str:
    return copies.changes(base, copies.on_disk(copy))


def test_an_untouched_copy_has_no_changes(base, copy):
    assert changes(base, copy) == ""


def test_the_patch_makes_the_base_the_same_as_the_copy(base, copy, tmp_path):
    (copy / "src" / "area.py").write_text("def area(a, b):\n    return b * a\n")
    (copy / "new").mkdir()
    (copy / "new" / "test_ä b.py").write_text("def test(): pass\n")
    (copy / "new" / "test_ä b.py").chmod(0o600)
    (copy / "run.sh").unlink()
    again = tmp_path / "again"
    copies.make(base, again, None)
    git("apply", "-", cwd=again, stdin=changes(base, copy))
    assert changes(base, again) == changes(base, copy)
    assert (again / "new" / "test_ä b.py").read_text() == "def test(): pass\n"
    assert not (again / "run.sh").exists()


def test_by_products_of_running_tests_are_no_change(base, copy):
    for name in ("__pycache__", ".pytest_cache"):
        (copy / "src" / name).mkdir()
        (copy / "src" / name / "x.pyc").write_bytes(b"\0")
    assert changes(base, copy) == ""


def test_what_the_agent_does_to_git_changes_nothing(base, copy):
    (copy / "src" / "new.py").write_text("a = 1\n")
    git("add", "--all", cwd=copy)
    git("commit", "--quiet", "--message=mine", cwd=copy)
    committed = changes(base, copy)
    assert "+a = 1\n" in committed
    (copy / ".git" / "HEAD").write_text("nonsense")
    assert changes(base, copy) == committed
    subprocess.run(["rm", "-r", str(copy / ".git")], check=True)
    assert changes(base, copy) == committed


def test_git_in_the_copy_starts_no_program_of_the_agents(base, copy, tmp_path):
    trap = tmp_path / "sprung"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    program.chmod(0o755)
    nested = copy / "nested"
    nested.mkdir()
    git("init", "--quiet", cwd=nested)
    (nested / "x.py").write_text("x = 1\n")
    git("add", "x.py", cwd=nested)
    git("commit", "--quiet", "--message=x", cwd=nested)
    for repository in (copy, nested):
        for name in ("core.fsmonitor", "diff.external", "filter.f.clean", "diff.f.textconv"):
            git("config", name, str(program), cwd=repository)
        (repository / ".gitattributes").write_text("* filter=f diff=f\n")
    (copy / "src" / "new.py").write_text("a = 1\n")
    patch = changes(base, copy)
    assert "+a = 1\n" in patch
    assert "+x = 1\n" in patch
    assert not trap.exists()


def test_a_link_is_shown_as_a_link_and_never_followed(base, copy):
    (copy / "secrets").symlink_to("/etc")
    (copy / "hosts").symlink_to("/etc/hosts")
    patch = changes(base, copy)
    assert patch.count("new file mode 120000") == 2
    assert "localhost" not in patch


def test_a_pipe_is_left_out(base, copy):
    os.mkfifo(copy / "pipe")
    assert changes(base, copy) == ""


def test_a_folder_where_a_file_was_and_a_file_where_a_folder_was(base, copy):
    (copy / "run.sh").unlink()
    (copy / "run.sh").mkdir()
    (copy / "run.sh" / "x.py").write_text("x = 1\n")
    (copy / "src" / "area.py").unlink()
    (copy / "src").rmdir()
    (copy / "src").write_text("flat\n")
    patch = changes(base, copy)
    assert "b/run.sh/x.py" in patch
    assert "+flat\n" in patch


def test_a_copy_that_is_gone_is_an_error_of_its_job(base, tmp_path):
    with pytest.raises(OpenHandsError, match="could not be read"):
        changes(base, tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["file", "link", "folder"])
def test_what_goes_while_the_copy_is_read_costs_no_other_file(base, copy, name):
    (copy / "new.py").write_text("a = 1\n")
    (copy / "file").write_text("for a moment\n")
    (copy / "link").symlink_to("file")
    (copy / "folder").mkdir()
    (copy / "folder" / "x").write_text("x\n")

    def entries():
        for entry in copies.on_disk(copy):
            if entry.path.name == name:
                subprocess.run(["rm", "-r", str(copy / name)], check=True)
            yield entry

    patch = copies.changes(base, entries())
    assert "+a = 1\n" in patch
    assert f"b/{name}" not in patch


def test_what_goes_before_it_is_looked_at_costs_no_other_file(base, copy, monkeypatch):
    (copy / "new.py").write_text("a = 1\n")
    (copy / "file").write_text("for a moment\n")
    look = os.stat

    def late_look(name, **options):
        if name == "file":
            (copy / "file").unlink()
        return look(name, **options)

    monkeypatch.setattr(os, "stat", late_look)
    patch = changes(base, copy)
    assert "+a = 1\n" in patch
    assert "for a moment" not in patch


def test_folders_without_end_cost_their_job_at_most(base, copy):
    dig(copy)
    with pytest.raises(OpenHandsError, match="more than 200 deep"):
        changes(base, copy)

    remove(copy)
    assert not copy.exists()


def test_the_files_of_the_base_are_not_counted_against_the_job(base, copy, monkeypatch):
    monkeypatch.setattr(copies, "_MOST_NEW_FILES", 2)
    (copy / "new.txt").touch()
    (copy / "newer.txt").touch()
    assert changes(base, copy).count("new file") == 2

    (copy / "newest.txt").touch()
    with pytest.raises(OpenHandsError, match="more than 2 new files"):
        changes(base, copy)


def test_a_flood_of_files_is_refused(base, copy, monkeypatch):
    monkeypatch.setattr(copies, "_MOST_NEW_FILES", 20)
    for number in range(30):
        (copy / f"{number}.txt").write_text("x")
    with pytest.raises(OpenHandsError, match="too much"):
        changes(base, copy)


def test_a_huge_file_is_refused_without_being_read_whole(base, copy, monkeypatch):
    monkeypatch.setattr(copies, "_MOST_NEW_BYTES", 1000)
    with (copy / "huge").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OpenHandsError, match="too much"):
        changes(base, copy)


def archive(*members: tuple[str, bytes, str]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, kind, text in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = text if kind != tarfile.REGTYPE else ""
            member.size = len(text) if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(text.encode()))
    packed.seek(0)
    return packed


def changes_in(base: Path, packed: io.BytesIO) -> str:
    return copies.changes(base, copies.in_archive(packed))


def test_an_archive_of_the_copy_gives_the_same_patch_as_the_copy(base, copy):
    (copy / "src" / "new.py").write_text("a = 1\n")
    (copy / "run.sh").unlink()
    (copy / "link").symlink_to("src")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(copy, arcname=".")
    packed.seek(0)
    assert changes_in(base, packed) == changes(base, copy)


def test_a_hard_link_in_an_archive_is_what_it_links_to(base, copy):
    (copy / "second.py").hardlink_to(copy / "src" / "area.py")
    (copy / "link").symlink_to("src")
    (copy / "second link").hardlink_to(copy / "link")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(copy, arcname=".")
        assert any(member.islnk() for member in tar.getmembers())
    packed.seek(0)

    patch = changes_in(base, packed)

    assert patch == changes(base, copy)
    assert "deleted" not in patch


def test_a_file_of_an_old_archive_is_a_file(base):
    assert "b/old.py" in changes_in(base, archive(("old.py", tarfile.AREGTYPE, "")))


def test_a_hard_link_to_nothing_is_an_error_of_its_job(base):
    with pytest.raises(OpenHandsError, match="link to nothing"):
        changes_in(base, archive(("link", tarfile.LNKTYPE, "/etc/passwd")))


def test_an_archive_cannot_write_outside(base, tmp_path):
    escapes = [
        [("../escaped", tarfile.REGTYPE, "x")],
        [("link", tarfile.SYMTYPE, str(tmp_path)), ("link/escaped", tarfile.REGTYPE, "x")],
        [("link", tarfile.SYMTYPE, str(tmp_path)), ("link/escaped", tarfile.SYMTYPE, "x")],
        [("link", tarfile.SYMTYPE, str(tmp_path)), ("link/escaped/a", tarfile.REGTYPE, "x")],
        [(f"{tmp_path}/escaped", tarfile.REGTYPE, "x")],
    ]
    for members in escapes:
        try:
            changes_in(base, archive(*members))
        except OpenHandsError as error:
            assert "below a link" in error.message  # noqa: PT017 - refusing is one of two ways
    assert not list(tmp_path.rglob("escaped"))


def test_no_archive_brings_a_repository_along(base):
    packed = archive(("x/.git/config", tarfile.REGTYPE, "[core]\n"), ("a", tarfile.REGTYPE, "a"))
    patch = changes_in(base, packed)
    assert ".git/config" not in patch
    assert "b/a" in patch


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_a_broken_archive_is_an_error_of_its_job(base, content):
    with pytest.raises(OpenHandsError):
        changes_in(base, io.BytesIO(content))
