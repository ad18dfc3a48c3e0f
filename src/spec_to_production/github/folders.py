"""The runner's folders inside a container action."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def close_to_others(env: Mapping[str, str]) -> None:
    """Keep the job's files from every other user of the container.

    The runner mounts the checkout, the event, its command files and its temporary folder below
    one folder (``ContainerActionHandler.cs`` in actions/runner), readable for all. That folder
    itself is the container's, so closing it changes nothing outside. Elsewhere nothing is closed.
    """
    workspace, event = env.get("GITHUB_WORKSPACE"), env.get("GITHUB_EVENT_PATH")
    if not workspace or not event:
        return
    folder = Path(workspace).parent
    if Path(event).parent.parent == folder and folder.stat().st_uid == os.geteuid() == 0:
        folder.chmod(0o700)
