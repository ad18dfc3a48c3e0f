"""What the workflow runner listens to: commands on the standard output, and its command files.

``actions_toolkit.core`` escapes commands and writes the command files; this module adds what
it lacks: untrusted text that cannot issue a command, the job summary, and the runner's limits.
One thread at a time calls it: the runner reads whole lines, and groups cannot interleave.

The rules are the runner's own (``ActionCommand.cs``, ``ActionCommandManager.cs``,
``FileCommandManager.cs`` in actions/runner).
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from actions_toolkit import core

from spec_to_production.errors import GitHubError
from spec_to_production.redaction import forms

SUMMARY_LIMIT = 1 << 20
"""Bytes of one step's summary; the runner drops the whole of a longer one."""
MESSAGE_LIMIT = 4096
"""Characters of an annotation's message that the runner keeps."""

Level = Literal["error", "warning", "notice"]

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_CUT_NOTE = "\n\n_Cut here: GitHub takes 1 MiB for a step. The full report is in the artifact._\n"


def say(text: str) -> None:
    """Print text, whoever wrote it, in such a way that no line of it is a command."""
    _write("".join(f"{_harmless(line)}\n" for line in _LINE_ENDS.split(text)))


@contextlib.contextmanager
def group(title: str) -> Iterator[None]:
    """Fold what is printed inside the block. Groups do not nest."""
    core.start_group(_harmless(title))
    try:
        yield
    finally:
        core.end_group()


def quote(text: str) -> None:
    """Print untrusted text as it stands, with the runner's eyes closed."""
    token = secrets.token_hex(16)
    core.issue_command("stop-commands", {}, token)
    _write("".join(f"{_no_old_command(line)}\n" for line in _LINE_ENDS.split(text)))
    core.issue_command(token, {}, "")


def annotate(
    level: Level, message: str, *, title: str = "", path: str = "", line: int | None = None
) -> None:
    """Add an annotation to the run, on a line of a file where one is known."""
    place = {"title": title or None, "file": path or None, "start_line": line}
    issue = {"error": core.error, "warning": core.warning, "notice": core.notice}[level]
    issue(message[:MESSAGE_LIMIT], **{key: value for key, value in place.items() if value})


def mask(secret: str) -> None:
    """Have the runner show ``***`` for a secret, and for its encodings, from here on."""
    for form in dict.fromkeys((secret, *forms(secret))):
        if form:
            core.set_secret(form)


def set_output(name: str, value: str) -> None:
    """Set an output of the step.

    Raises:
        GitHubError: The runner's file for outputs is not there.
    """
    with _file_command("GITHUB_OUTPUT"):
        core.set_output(name, value)


def append_summary(markdown: str) -> None:
    """Add to the job summary, as much as fits; what is cut ends at a line, and says so.

    Raises:
        GitHubError: The runner's file for the summary is not there.
    """
    with _file_command("GITHUB_STEP_SUMMARY") as file:
        room = SUMMARY_LIMIT - file.stat().st_size
        with file.open("a", encoding="utf-8", newline="") as summary:
            summary.write(_fit(f"{markdown}\n", room))


def _fit(text: str, room: int) -> str:
    raw = text.encode()
    if len(raw) <= room:
        return text
    kept = raw[: max(0, room - len(_CUT_NOTE.encode()))].decode("utf-8", "ignore")
    return kept[: kept.rfind("\n") + 1] + _CUT_NOTE if kept else ""


@contextlib.contextmanager
def _file_command(variable: str) -> Iterator[Path]:
    path = Path(os.environ.get(variable) or os.devnull)
    if not path.is_file():
        raise GitHubError(
            f"{variable} does not name a file that the runner listens to (it is {str(path)!r}).",
            hint="This front runs inside a GitHub Actions step; elsewhere use the command line.",
        )
    yield path


def _harmless(line: str) -> str:
    safe = _no_old_command(line)
    return safe.replace("::", ": :", 1) if safe.lstrip().startswith("::") else safe


def _no_old_command(line: str) -> str:
    # The old form is taken anywhere in a line, and coloured even where commands are stopped.
    return line.replace("##[", "## [")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
