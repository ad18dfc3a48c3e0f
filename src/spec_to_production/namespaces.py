"""Networks and mounts of one's own, where the kernel gives them (``namespaces(7)``)."""

from __future__ import annotations

import ctypes
import fcntl
import functools
import os
import socket
import struct
from pathlib import Path

from spec_to_production.probes import succeeds

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_SIOCSIFFLAGS, _UP_AND_RUNNING = 0x8914, 0x41  # linux/sockios.h, linux/if.h
_BRING_UP_LOOPBACK = struct.pack("16sH22x", b"lo", _UP_AND_RUNNING)  # a struct ifreq
_LIBC = ctypes.CDLL(None, use_errno=True)


def leave_the_network() -> None:
    """Go on in a network of one's own, where nothing but the loopback interface is up.

    Made to run between fork and exec, where another program that does it costs as much as all
    the rest of starting a process. Who is not root gets a user namespace for it, in which they
    are who they were.

    Raises:
        OSError: The kernel refuses.
    """
    user, group = os.geteuid(), os.getegid()
    if _LIBC.unshare(_CLONE_NEWNET | (_CLONE_NEWUSER if user else 0)) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _BRING_UP_LOOPBACK)


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
        if succeeds(["unshare", *user, *options, "true"]):
            return options
    return ()


def _some_mount_is_shared() -> bool:
    return " shared:" in Path("/proc/self/mountinfo").read_text("utf-8", "replace")
