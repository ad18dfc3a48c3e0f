"""Mounts of one's own, where the kernel gives them (``unshare(1)``, ``mount_namespaces(7)``)."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path


@functools.cache
def own_mounts() -> tuple[str, ...]:
    """Options of ``unshare`` for a mount namespace that leaks nothing; empty where refused.

    ``unshare`` makes every mount private, which it cannot inside a plain chroot: there ``/`` is no
    mount. Leaving them as they are is as good where none is shared.
    """
    for options in (("--mount",), ("--mount", "--propagation=unchanged")):
        if "unchanged" in options[-1] and _some_mount_is_shared():
            continue
        user = () if os.geteuid() == 0 else ("--user", "--map-current-user")
        command = ["unshare", *user, *options, "true"]
        try:
            if (
                subprocess.run(command, capture_output=True, timeout=20, check=False).returncode
                == 0
            ):
                return options
        except (OSError, subprocess.TimeoutExpired):
            return ()
    return ()


def _some_mount_is_shared() -> bool:
    return " shared:" in Path("/proc/self/mountinfo").read_text("utf-8", "replace")
