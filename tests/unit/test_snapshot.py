"""Snapshots are taken of real git repositories, by real git."""

import os
import subprocess

import pytest

from spec_to_production.errors import InputError
from spec_to_production.snapshot import Snapshot, find_root, git


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


def test_remembers_the_commit_of_the_checkout(checkout, tmp_path):
    head = git("rev-parse", "HEAD", cwd=checkout).strip()

    assert Snapshot.take(checkout, tmp_path / "base").head == head


def test_a_repository_without_commits_has_no_head(tmp_path):
    root = tmp_path / "fresh"
    root.mkdir()
    git("init", "--quiet", cwd=root)

    assert Snapshot.take(root, tmp_path / "base").head is None


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
