"""Runs the agent server and leaves no process behind; a program of its own, stdlib only.

Started as ``python -I supervisor.py [--root ROOT] FOLDER -- COMMAND …``, it runs the command in
the folder and ends it, with everything that came from it, as soon as its own standard input
closes. The tool holds the other end, so that even a killed tool leaves nothing running. In a PID
namespace this is process 1, and the kernel adds its own guarantee; elsewhere it is the subreaper
(``prctl(2)``), to which orphans such as tmux fall. Limits keep the command from taking the whole
machine, and a full disk ends it.

With ``--root`` the command sees another root: read-only, with /proc, a terminal device, fresh
folders for temporary files, this machine's names and certificates, and ``FOLDER`` at the same
path as here.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_MOST = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 4 << 30,
    resource.RLIMIT_NOFILE: 16384,
}
_MOST_PROCESSES = 2048
_LOOK_AT_DISK_S = 0.2
_AS_HERE = ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt")


def main(arguments: Sequence[str]) -> int:
    """Run the command to its end, or to the end of standard input; gives its exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    if options.root:
        enter_root(options.root, options.folder)
    limit_resources()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    # Half of what is free before the command can have used any of it, bytes and files.
    reserve = [free // 2 for free in _free(options.folder)]
    child = subprocess.Popen(options.command, cwd=options.folder, stdin=subprocess.DEVNULL)
    watches = ((_kill_at_end_of_input, ()), (_kill_when_full, (options.folder, reserve)))
    for watch, about in watches:
        threading.Thread(target=watch, args=(child.pid, *about), daemon=True).start()
    code = _wait_for(child.pid)
    _end_descendants()
    return code


def limit_resources() -> None:
    """Bound what each process may use; the hard limits hold for all that the command starts."""
    for kind, most in _MOST.items():
        resource.setrlimit(kind, (most, most))
    if os.geteuid() == 0:  # the agent gets a user of its own, whose processes are counted together
        resource.setrlimit(resource.RLIMIT_NPROC, (_MOST_PROCESSES, _MOST_PROCESSES))


def enter_root(root: Path, share: Path) -> None:
    """Mount what the other root needs, make it read-only and change into it."""
    _mount("--bind", root, root)
    _mount("--bind", "/proc", root / "proc")
    pts = root / "dev" / "pts"
    _mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=0620", "devpts", pts)
    _mount("--bind", pts / "ptmx", root / "dev" / "ptmx")
    for name in ("tmp", "var/tmp", "dev/shm"):
        _mount(
            "-t",
            "tmpfs",
            "-o",
            "mode=1777,nosuid,nodev,size=1g,nr_inodes=100k",
            "tmpfs",
            root / name,
        )
    for name in _AS_HERE:
        if Path("/", name).is_file() and (root / name).is_file():
            _mount("--bind", Path("/", name), root / name)
    inside = root / share.relative_to("/")
    inside.mkdir(parents=True, exist_ok=True)
    _mount("--bind", share, inside)
    _mount("-o", "remount,bind,ro", root)
    os.chroot(root)


def _mount(*arguments: str | Path) -> None:
    command = ["mount", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _kill_at_end_of_input(pid: int) -> None:
    # Not by sys.stdin: its lock would be held when this program ends by itself.
    while os.read(0, 1):
        pass
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill_when_full(pid: int, folder: Path, reserve: Sequence[int]) -> None:
    """Kill when less is free on the folder's disk than is kept for others."""
    while all(free >= least for free, least in zip(_free(folder), reserve, strict=True)):
        time.sleep(_LOOK_AT_DISK_S)
    sys.stderr.write("Killed: half of what was free on the disk is used up.\n")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _free(folder: Path) -> tuple[int, int]:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize, status.f_favail


def _wait_for(pid: int) -> int:
    """Reap whatever ends until the one that counts has; a signal counts as 128 and its number."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def _end_descendants() -> None:
    """Kill children until none is left; the children of the killed become ours."""
    while True:
        for pid in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _children() -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name in parentheses may hold anything; the parent is the second word after.
                status = (folder / "stat").read_text(errors="replace").rpartition(")")[2]
                if int(status.split()[1]) == os.getpid():
                    yield int(folder.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
