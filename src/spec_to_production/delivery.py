"""Hands over what a run produced: the accepted tests, the patch and the reports, as files."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from spec_to_production import own_folder
from spec_to_production.errors import SettingsError
from spec_to_production.results import GeneratedFile, Refactoring, Verification
from spec_to_production.snapshot import Snapshot, git

PATCH = "changes.patch"
TESTS = "tests"
TRAJECTORIES = "trajectories"


def require_place(out: Path) -> None:
    """Refuse, before anything is spent, a folder that could not be written to at the end.

    Raises:
        SettingsError: A file stands in its way, or it belongs to somebody else.
    """
    with _refused(out):
        nearest = next(place for place in (out, *out.parents) if place.exists())
        if not nearest.is_dir():
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(nearest))
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(nearest))


def require_folder(out: Path) -> None:
    """Refuse, before anything is spent, a folder that reports, tests and patch cannot go into.

    Raises:
        SettingsError: It could not be written to, or holds what no run has left there.
    """
    require_place(out)
    with _refused(out):
        ours = own_folder.is_ours(out)
    if not ours:
        raise SettingsError(
            f"output: {out} holds files that are not of an earlier run, "
            "and a run removes and overwrites files in its folder.",
            hint="Name a folder that is not there yet, or an empty one.",
        )


def make_patch(
    snapshot: Snapshot,
    verification: Verification | None,
    refactoring: Refactoring | None,
    scratch: Path,
) -> str:
    """The accepted tests and the kept refactoring as one patch that ``git apply`` takes."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copy = snapshot.copy(Path(folder) / "copy")
        if refactoring is not None and refactoring.status == "kept":
            git("apply", "--whitespace=nowarn", "-", cwd=copy, stdin=refactoring.patch)
        for file in verification.files if verification else ():
            _write(copy / file.path, file.content)
        return snapshot.diff(copy)


def forget_changes(out: Path) -> None:
    """Remove the tests of an earlier run, which would read as those of one that wrote none.

    Raises:
        SettingsError: They cannot be removed.
    """
    with _refused(out):
        if own_folder.is_ours(out):
            shutil.rmtree(out / TESTS, ignore_errors=True)
            shutil.rmtree(out / TRAJECTORIES, ignore_errors=True)
            (out / PATCH).unlink(missing_ok=True)


def write_changes(
    out: Path, patch: str, files: Sequence[GeneratedFile], trajectories: Path
) -> None:
    """Write the patch, the tests at their paths below ``tests/``, and what the agents did."""
    own_folder.make(out)
    if any(trajectories.iterdir()):  # where no job ran there are none
        shutil.copytree(trajectories, out / TRAJECTORIES, dirs_exist_ok=True)
    _write(out / PATCH, patch)
    for file in files:
        _write(out / TESTS / file.path, file.content)


def write_reports(out: Path, reports: Mapping[str, str]) -> None:
    """Write the rendered reports, by their names.

    Raises:
        SettingsError: The folder cannot be written to.
    """
    with _refused(out):
        own_folder.make(out)
        for name, text in reports.items():
            _write(out / name, text)


def write_verdicts(file: Path, verification: Verification) -> None:
    """Write what was found of each test, for a later replay.

    Raises:
        SettingsError: The file cannot be written.
    """
    with _refused(file):
        _write(file, verification.model_dump_json(indent=2))


def forget_verdicts(file: Path) -> None:
    """Remove the verdicts of an earlier run, which would read as those of one that failed.

    Raises:
        SettingsError: The file cannot be removed.
    """
    with _refused(file):
        file.unlink(missing_ok=True)


@contextlib.contextmanager
def _refused(output: Path) -> Iterator[None]:
    """Say of what the system refuses which setting led there."""
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"output: {error.filename or output} cannot be written: {error.strerror or error}.",
            hint="Name a place that can be written; paths count from the repository's root.",
        ) from error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="")
