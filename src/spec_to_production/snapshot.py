"""The checkout as it was when the run began, frozen as a small git repository of its own.

The snapshot has one commit, no remotes, no hooks and no credentials. Everything that works on
files (agents, refactoring, tests) gets a copy of it; the user's checkout is only ever read.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path, PurePath

from spec_to_production.disk import remove
from spec_to_production.errors import GitError, InputError

_TIMEOUT_S = 120
# How git ends where there is no checkout, and how where there is one without a commit.
_FATAL, _NO_SUCH_COMMIT = 128, 1
# No file of a repository names a program that is started: neither a hook nor a monitor of files.
_NO_PROGRAMS = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
_QUIET_ENV = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_AUTHOR_NAME": "spec-to-production",
    "GIT_AUTHOR_EMAIL": "spec-to-production@localhost",
    "GIT_COMMITTER_NAME": "spec-to-production",
    "GIT_COMMITTER_EMAIL": "spec-to-production@localhost",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
    "LC_ALL": "C.UTF-8",
    # Whoever owns a folder: in a container the checkout belongs to another user.
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}
_NOBODYS = {"GIT_CONFIG_GLOBAL": os.devnull}
_PERSONS = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL")
"""What git finds a person's own settings by."""

# Files are their bytes: what .gitattributes says of line ends, encodings and diffs is not done.
_ATTRIBUTES = "* !text !eol !crlf !ident !filter !working-tree-encoding !diff\n"
# google-github-actions/auth leaves its key in the workspace, where git does not ignore it.
_CREDENTIALS = "gha-creds-*.json"


def git(*args: str, cwd: Path, stdin: str | None = None, env: Mapping[str, str] = _NOBODYS) -> str:
    """Run git with an argument list, a scrubbed environment and, by default, nobody's settings.

    Raises:
        GitError: git ended with an error, was not found or took too long.
    """
    command = ["git", *_NO_PROGRAMS, *args]
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            input=stdin.encode("utf-8", "surrogateescape") if stdin is not None else None,
            env={"PATH": os.environ.get("PATH", os.defpath), **_QUIET_ENV, **env},
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise GitError("git was not found.", hint="Install git.") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {args[0]} took over {_TIMEOUT_S} s in {cwd}.") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[:500]
        raise GitError(f"git {args[0]} failed in {cwd}: {said}", returncode=done.returncode)
    # Decoded by hand: text mode would turn the line ends of a patch into its own.
    return done.stdout.decode("utf-8", "surrogateescape")


def _named(said: str) -> str:
    """What git says of paths, which are bytes to it, as this process names files."""
    return os.fsdecode(said.encode("utf-8", "surrogateescape"))


def find_root(start: Path) -> Path:
    """The top of the git checkout that ``start`` lies in.

    Raises:
        InputError: It lies in none.
        GitError: git could not be asked.
    """
    try:
        return Path(_named(git("rev-parse", "--show-toplevel", cwd=start).rstrip("\n")))
    except GitError as error:
        if error.returncode != _FATAL:
            raise
        raise InputError(
            f"{start} is not in a git checkout.",
            hint="Run this inside the repository; in a workflow, run actions/checkout first.",
        ) from error


def counted_from(root: Path, path: str) -> str:
    """A hint for a path out of the repository, which may count from where its user stands."""
    inside = PurePath(*dropwhile("..".__eq__, PurePath(path).parts))
    leads_out = inside.is_absolute() or ".." in inside.parts or not inside.parts
    if leads_out or not os.path.exists(root / inside):  # noqa: PTH110 - False for any odd name
        return f"Give a path below {root}."
    return f"Paths count from the repository's root: {inside}"


@dataclass(frozen=True)
class Snapshot:
    """A frozen copy of the checkout.

    Attributes:
        path: The repository of one commit.
        commit: That commit, the base of every diff.
        head: The commit that the user's checkout was at, ``None`` before the first one.
    """

    path: Path
    commit: str
    head: str | None

    @classmethod
    def take(cls, root: Path, into: Path) -> Snapshot:
        """Copy what git tracks, and the new files that it does not ignore, as they stand now.

        Raises:
            GitError: git cannot tell what there is.
            InputError: A file may not be read.
        """
        into.mkdir(parents=True)
        for name in _files(root):
            _copy_file(root, name, into)
        git("init", "--quiet", "--initial-branch=base", "--template=", cwd=into)
        (into / ".git/info").mkdir(exist_ok=True)
        (into / ".git/info/attributes").write_text(_ATTRIBUTES)
        git("add", "--all", "--force", cwd=into)
        git("commit", "--quiet", "--allow-empty", "--message=base", cwd=into)
        return cls(into, git("rev-parse", "HEAD", cwd=into).strip(), find_head(root))

    def copy(self, to: Path) -> Path:
        """A private copy to work in, with the same one commit."""
        shutil.copytree(self.path, to, symlinks=True)
        return to

    @contextlib.contextmanager
    def lend(self, work: Path) -> Iterator[Path]:
        """A copy for the length of a block; every user of the machine may read it."""
        work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="copy-", dir=work))
        try:
            copy = self.copy(folder / "repository")
            for path in (folder, copy, *copy.rglob("*")):
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))
            yield copy
        finally:
            remove(folder)

    def diff(self, copy: Path) -> str:
        """What a copy changed against the snapshot, new files included, as a git patch."""
        git("add", "--all", "--intent-to-add", cwd=copy)
        plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
        return git("-c", "core.quotePath=false", "diff", *plain, self.commit, cwd=copy)


def _files(root: Path) -> list[str]:
    """What git tracks or would add; what a person has git ignore everywhere is not among it."""
    asked = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    persons = {name: os.environ[name] for name in _PERSONS if name in os.environ}
    listed = git(*asked, f"--exclude={_CREDENTIALS}", cwd=root, env=persons)
    return [name for name in _named(listed).split("\0") if name]


def _copy_file(root: Path, name: str, into: Path) -> None:
    # A link could point out of the checkout, and a submodule is a folder: neither is followed.
    source, target = root / name, into / name
    if has_link(root, source) or not source.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(source, target)
    except PermissionError as error:
        raise InputError(
            f"{name} may not be read, and it is a part of the checkout.",
            hint="Make it readable, or have git ignore it.",
        ) from error


def has_link(root: Path, path: Path) -> bool:
    """Whether a path below a folder is a symbolic link, or lies behind one."""
    return any(links_on_the_way(root, path))


def links_on_the_way(root: Path, path: Path) -> Iterator[Path]:
    """The symbolic links that a path below a folder lies behind, and itself where it is one."""
    above = (parent for parent in path.parents if parent.is_relative_to(root) and parent != root)
    # os.path answers False for a name that no file can have; pathlib raises.
    yield from (each for each in (*above, path) if os.path.islink(each))  # noqa: PTH114


def find_head(root: Path) -> str | None:
    """The commit that a checkout is at; ``None`` before the first one.

    Raises:
        GitError: git could not be asked.
    """
    try:
        return git("rev-parse", "--verify", "--quiet", "HEAD", cwd=root).strip() or None
    except GitError as error:
        if error.returncode != _NO_SUCH_COMMIT:
            raise
        return None
