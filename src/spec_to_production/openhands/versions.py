"""Which agent servers this tool works with.

The API is kept for five minor releases (``openhands-agent-server/AGENTS.md`` in
OpenHands/software-agent-sdk), and there are about two of them a week.
"""

from __future__ import annotations

from collections.abc import Callable

from spec_to_production.errors import ServerStartError
from spec_to_production.openhands.installation import pinned_version

OLDEST = "1.34"


def check(version: str, tell: Callable[[str], None]) -> None:
    """Say so when a server is of a version that this tool was not tried with.

    Raises:
        ServerStartError: It is older than any that works.
    """
    newest = ".".join(pinned_version().split(".")[:2])
    found = _numbers(version)
    if found and found < _numbers(OLDEST):
        raise ServerStartError(
            f"The agent server is version {version}; this tool works with {OLDEST} and newer.",
            hint="Update the server.",
        )
    if not found or found > _numbers(newest):
        tell(
            f"The agent server is version {version}; this tool was tried with {OLDEST} to "
            f"{newest}. Continuing anyway."
        )


def _numbers(version: str) -> tuple[int, ...]:
    """Major and minor; nothing for a build that calls itself otherwise."""
    parts = version.split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
