"""What this machine can do, found out by trying."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence


def succeeds(command: Sequence[str]) -> bool:
    """Whether a short command ends well; one that does not exist does not."""
    try:
        done = subprocess.run(
            command,
            # It may run as the agent's user, who could read what it is given.
            env={"PATH": os.environ.get("PATH", os.defpath)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
            cwd="/",
            process_group=0,  # Ctrl-C is not its failure
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
