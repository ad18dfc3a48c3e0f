"""What this machine can do, found out by trying."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence

_MOST_LOCALES = 3


def succeeds(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    first: Callable[[], None] | None = None,
) -> bool:
    """Whether a short command ends well; one that does not exist does not.

    Args:
        command: The program and its arguments.
        env: Its whole environment; by default our ``PATH`` alone.
        first: What its process does before it starts, which may refuse with an ``OSError``.
    """
    return said(command, env=env, first=first) is not None


def said(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    first: Callable[[], None] | None = None,
) -> str | None:
    """What a short command prints; ``None`` where it does not end well. See :func:`succeeds`."""
    try:
        done = subprocess.run(
            command,
            # It may run as the agent's user, who could read what it is given.
            env=env or {"PATH": os.environ.get("PATH", os.defpath)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=20,
            check=False,
            cwd="/",
            process_group=0,  # Ctrl-C is not its failure
            preexec_fn=first,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


@functools.cache
def locales() -> tuple[str, ...]:
    """Locales of this machine that differ from the usual one."""
    names = (said(["locale", "-a"]) or "").split()
    utf8 = [name for name in names if name.lower().endswith(("utf8", "utf-8"))]
    others = [name for name in utf8 if not name.startswith(("C.", "en_US", "POSIX"))]
    return ("C", *others[:_MOST_LOCALES])
