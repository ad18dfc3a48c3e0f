"""Snapshots are taken of real git repositories, by real git."""

import os
import subprocess
import sys

import pytest

from spec_to_production.errors import GitError, InputError
from spec_to_production.snapshot import Snapshot, find_head, find_root, git
from support.folders import dig


@pytest.fixture
def checkout(tmp_path):
    root = tmp_path / "checkout"
    root.mkdir()
    git("init", "--quiet", cwd=root)
    (root / "tracked.py").write_text("a = 1\n")
    (root / ".gitignore").write_text("*.secret\n")
    git("add", "--all", cwd=root)
    git("commit", "--quiet", "--message=first", cwd=root)
    return root


def test_holds_changed_and_new_files_but_not_ignored_ones(checkout, tmp_path):
    (checkout / "tracked.py").write_text("a = 2\n")
    (checkout / "new.py").write_text("b = 1\n")
    (checkout / "key.secret").write_text("hunter2\n")

    snapshot = Snapshot.take(checkout, tmp_path / "base")

    assert (snapshot.path / "tracked.py").read_text() == "a = 2\n"
    assert (snapshot.path / "new.py").exists()
    assert not (snapshot.path / "key.secret").exists()


def test_names_that_the_locale_cannot_write_are_found(tmp_path):
    root = tmp_path / "Prüfstände"
    root.mkdir()
    git("init", "--quiet", cwd=root)
    (root / "größe.py").write_text("a = 1\n")
    take = (
        "from pathlib import Path; from spec_to_production import snapshot\n"
        "snapshot.Snapshot.take(snapshot.find_root(Path()), Path('../base'))"
    )

    subprocess.run(
        [sys.executable, "-c", take],
        cwd=root,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        check=True,
    )

    assert (tmp_path / "base/größe.py").is_file()


def test_remembers_the_commit_of_the_checkout(checkout, tmp_path):
    head = git("rev-parse", "HEAD", cwd=checkout).strip()

    assert Snapshot.take(checkout, tmp_path / "base").head == head


def test_a_repository_without_commits_has_no_head(tmp_path):
    root = tmp_path / "fresh"
    root.mkdir()
    git("init", "--quiet", cwd=root)

    assert Snapshot.take(root, tmp_path / "base").head is None


@pytest.mark.parametrize("find", [find_root, find_head])
def test_without_git_it_is_git_that_is_missing(checkout, tmp_path, monkeypatch, find):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GitError, match="git was not found"):
        find(checkout)


def test_where_there_is_no_checkout_nobody_takes_it_for_one_without_commits(tmp_path):
    with pytest.raises(GitError, match="not a git repository"):
        find_head(tmp_path)


def test_carries_no_credentials_remotes_or_hooks(checkout, tmp_path):
    git("remote", "add", "origin", "https://token@example.invalid/r.git", cwd=checkout)
    git("config", "http.extraheader", "AUTHORIZATION: basic c2VjcmV0", cwd=checkout)
    hook = checkout / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch /tmp/hooked\n")
    hook.chmod(0o755)

    snapshot = Snapshot.take(checkout, tmp_path / "base")

    everything = b"".join(p.read_bytes() for p in snapshot.path.rglob("*") if p.is_file())
    assert b"token" not in everything
    assert b"c2VjcmV0" not in everything
    assert not (snapshot.path / ".git/hooks").exists()


def test_follows_no_link_out_of_the_checkout(checkout, tmp_path):
    (tmp_path / "outside.txt").write_text("private")
    (checkout / "link.txt").symlink_to(tmp_path / "outside.txt")

    snapshot = Snapshot.take(checkout, tmp_path / "base")

    assert not (snapshot.path / "link.txt").exists()


def test_changes_nothing_in_the_checkout(checkout, tmp_path):
    (checkout / "new.py").write_text("b = 1\n")
    before = {p: p.stat().st_mtime_ns for p in checkout.rglob("*")}

    Snapshot.take(checkout, tmp_path / "base")

    assert {p: p.stat().st_mtime_ns for p in checkout.rglob("*")} == before


def test_a_diff_of_a_copy_applies_to_the_checkout(checkout, tmp_path):
    snapshot = Snapshot.take(checkout, tmp_path / "base")
    copy = snapshot.copy(tmp_path / "copy")
    (copy / "tracked.py").write_text("a = 3\n")
    (copy / "sub").mkdir()
    (copy / "sub/new.py").write_text("c = 'ünï'\n")

    patch = snapshot.diff(copy)

    subprocess.run(["git", "apply", "-"], cwd=checkout, input=patch, text=True, check=True)
    assert (checkout / "tracked.py").read_text() == "a = 3\n"
    assert (checkout / "sub/new.py").read_text("utf-8") == "c = 'ünï'\n"


def test_a_diff_sees_what_was_committed_in_the_copy(checkout, tmp_path):
    snapshot = Snapshot.take(checkout, tmp_path / "base")
    copy = snapshot.copy(tmp_path / "copy")
    (copy / "new.py").write_text("c = 1\n")
    git("add", "--all", cwd=copy)
    git("commit", "--quiet", "--message=agent", cwd=copy)

    assert "+c = 1" in snapshot.diff(copy)


def test_no_checkout_is_bad_input_that_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="not in a git checkout") as caught:
        find_root(tmp_path)

    assert "actions/checkout" in caught.value.hint


def test_git_never_asks_and_never_reads_the_users_settings(checkout, monkeypatch, tmp_path):
    config = tmp_path / "gitconfig"
    config.write_text("[alias]\n\tstatus = !false\n[core]\n\tpager = false\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.fspath(config))

    assert git("config", "--global", "--list", cwd=checkout) == ""


def test_what_a_person_ignores_everywhere_is_ignored(checkout, tmp_path, monkeypatch):
    (tmp_path / "home/.config/git").mkdir(parents=True)
    (tmp_path / "home/.config/git/ignore").write_text(".env\n")
    monkeypatch.setenv("HOME", os.fspath(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    (checkout / ".env").write_text("KEY=private\n")

    assert not (Snapshot.take(checkout, tmp_path / "base").path / ".env").exists()


def test_what_a_persons_settings_name_as_ignored_is(checkout, tmp_path, monkeypatch):
    (tmp_path / "ignored").write_text(".env\n")
    (tmp_path / "settings").write_text(f"[core]\n\texcludesFile = {tmp_path / 'ignored'}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.fspath(tmp_path / "settings"))
    (checkout / ".env").write_text("KEY=private\n")

    assert not (Snapshot.take(checkout, tmp_path / "base").path / ".env").exists()


def test_credentials_that_a_step_before_left_in_the_workspace_stay_there(checkout, tmp_path):
    (checkout / "gha-creds-0123456789abcdef.json").write_text('{"private_key": "…"}')

    assert not list(Snapshot.take(checkout, tmp_path / "base").path.glob("gha-creds-*"))


def test_starts_no_program_that_a_repository_in_the_checkout_names(checkout, tmp_path):
    inner = checkout / "inner"
    subprocess.run(["git", "init", "--quiet", "--bare", os.fspath(inner)], check=True)
    for folder in (inner, checkout / ".git"):
        settings = {"bare": "false", "fsmonitor": f"touch {tmp_path}/ran;"}
        for name, value in settings.items():
            git("config", "--file", "config", f"core.{name}", value, cwd=folder)
    git("config", "--file", "config", "core.worktree", ".", cwd=inner)

    for number, start in enumerate((inner, checkout)):
        Snapshot.take(find_root(start), tmp_path / f"base{number}")

    assert not (tmp_path / "ran").exists()


def test_follows_no_link_that_took_a_folders_place(checkout, tmp_path):
    for place in (tmp_path / "outside", checkout / "folder"):
        place.mkdir()
        (place / "file.txt").write_text(place.name)
    git("add", "--all", cwd=checkout)
    (checkout / "folder").rename(tmp_path / "before")
    (checkout / "folder").symlink_to(tmp_path / "outside")

    assert not (Snapshot.take(checkout, tmp_path / "base").path / "folder").exists()


@pytest.mark.parametrize(
    "attributes",
    [
        "*.py binary",
        "*.py -diff",
        "*.py working-tree-encoding=UTF-16",
        "*.py ident",
        "* text=auto eol=lf",
        "* text eol=crlf",
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_file_is_its_bytes_whatever_attributes_say(checkout, tmp_path, attributes, line_end):
    (checkout / ".gitattributes").write_text(f"{attributes}\n")
    written = f"a = '$Id$'{line_end}b = 2{line_end}".encode()
    (checkout / "tracked.py").write_bytes(written)
    snapshot = Snapshot.take(checkout, tmp_path / "base")
    copy = snapshot.copy(tmp_path / "copy")
    changed = written.replace(b"b = 2", b"b = 3")
    (copy / "tracked.py").write_bytes(changed)
    (copy / "new.py").write_bytes(written)

    patch = snapshot.diff(copy)
    again = snapshot.copy(tmp_path / "again")
    git("apply", "--whitespace=nowarn", "-", cwd=again, stdin=patch)

    assert (again / "tracked.py").read_bytes() == changed
    assert (again / "new.py").read_bytes() == written


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(checkout, tmp_path):
    (checkout / "locked.py").write_text("a = 1\n")
    (checkout / "locked.py").chmod(0)

    with pytest.raises(InputError, match=r"locked\.py"):
        Snapshot.take(checkout, tmp_path / "base")


def test_a_copy_goes_however_deep_it_was_made(checkout, tmp_path):
    snapshot = Snapshot.take(checkout, tmp_path / "base")
    with snapshot.lend(tmp_path / "work") as copy:
        dig(copy)

    assert list((tmp_path / "work").iterdir()) == []
