"""What a run can leave on this machine: processes, open ports, files, conversations."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from spec_to_production.openhands import EmbeddedServer

_LISTENS = "0A"
_REMOTE_COPIES = "tmp/spec-to-production"
_PATIENCE_S = 15
_OF_THE_SERVER = "oh_editor_history_"
"""What the server itself never removes: its editor's memory, emptied and without a name of ours."""


def traces(server: EmbeddedServer, folder: Path) -> frozenset[str]:
    """Everything there is now of this process, of a server, and in the folder for temporary files.

    Two looks differ by what happened between them.
    """
    ours = {os.getpid(): "this process", **_descendants(os.getpid())}
    found = server._client._http.get("/api/conversations/search").json()["items"]
    return frozenset(
        [
            *(f"process {pid}: {command}" for pid, command in ours.items()),
            *(f"port {port}" for port in _ports(ours)),
            *(f"conversation {each['id']}" for each in found),
            *(f"file {path}" for path in _files(server, folder)),
        ]
    )


def nothing_more(look: Callable[[], frozenset[str]], than: frozenset[str]) -> frozenset[str]:
    """What is there after a while and was not before; what is being removed gets its time."""
    deadline = time.monotonic() + _PATIENCE_S
    while (left := look() - than) and time.monotonic() < deadline:
        threading.Event().wait(0.1)
    return left


def _descendants(ancestor: int) -> dict[int, str]:
    """Their command lines. Who leaves its parent becomes its supervisor's child, and stays here."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if status[0] != "Z":
            children.setdefault(int(status[1]), []).append(int(folder.name))
    found, left = {}, children.get(ancestor, [])
    while left:
        pid = left.pop()
        found[pid] = _command(pid)
        left += children.get(pid, [])
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return "gone"


def _ports(pids: Iterable[int]) -> Iterator[int]:
    """Those that these processes listen on."""
    sockets = set()
    for pid in pids:
        folder = Path(f"/proc/{pid}/fd")
        with suppress(OSError):  # it has ended meanwhile
            for file in folder.iterdir():
                with suppress(OSError):
                    sockets.add(str(file.readlink()))
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state, inode = (line.split()[column] for column in (1, 3, 9))
            if state == _LISTENS and f"socket:[{inode}]" in sockets:
                yield int(local.rpartition(":")[2], 16)


def _files(server: EmbeddedServer, folder: Path) -> Iterator[Path]:
    """What lies in the folder, and what a server keeps of conversations, in its own root too."""
    yield from folder.iterdir()
    for name in ("copies", "conversations", "tmp"):
        yield from (
            path
            for path in (server.folder / name).iterdir()
            if not path.name.startswith(_OF_THE_SERVER)
        )
    for pid in _descendants(server._process.pid):
        # Its own root has a folder for temporary files that nobody else sees.
        yield from Path(f"/proc/{pid}/root", _REMOTE_COPIES).glob("*")
