"""Forks agent servers, each for a user of its own; a program of its own, stdlib only.

Loading the agent server takes six seconds of CPU time and a quarter of a gigabyte. One process
does it once, as root, and forks: a server then takes one second and a quarter of that memory.

``serve SOCKET`` runs on the agent server's Python and waits for orders at a socket that only root
can use. ``join SOCKET UID FOLDER MODULE …`` runs on any Python: it has the module run in the folder
by that user, with its own environment and output, and lasts as long as that does. When its
standard input closes, every process of the user is killed; so a user is for one order only.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

READY = "The zygote takes orders."
# What takes long to load and reads no setting while it does: settings differ between servers.
_LOADED = (
    "openhands.tools.terminal",
    "openhands.tools.file_editor",
    "openhands.agent_server.conversation_router",
    "openhands.agent_server.openai.router",
    "openhands.agent_server.canvas_extensions_router",
    "uvicorn",
)
# Modules take note of places in the home: every server finds its own there.
_HOME = "/proc/self/cwd/home"
_LONGEST_ORDER = 1 << 17
_PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True)
class _Server:
    """A server, and the connection that it lasts as long as."""

    pid: int
    uid: int
    connection: socket.socket
    pidfd: int


def main(arguments: Sequence[str]) -> None:
    """Do what the first argument says."""
    match arguments:
        case ["serve", path]:
            serve(Path(path))
        case ["join", path, uid, folder, *command] if int(uid) > 0:
            join(Path(path), {"uid": int(uid), "folder": folder, "command": command})
        case _:
            raise SystemExit(__doc__)


def serve(path: Path) -> None:
    """Load what all servers have in common, then fork one for every order."""
    os.environ["HOME"] = _HOME
    for name in _LOADED:
        with contextlib.suppress(ModuleNotFoundError):  # not every version has all of them
            importlib.import_module(name)
    gc.freeze()
    with selectors.DefaultSelector() as selector, _socket_at(path) as listener:
        selector.register(listener, selectors.EVENT_READ)
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        while True:
            ended = set()
            for key, _ in selector.select():
                if key.fileobj is listener:
                    if server := _fulfil(listener.accept()[0]):
                        for sign in (server.connection, server.pidfd):
                            selector.register(sign, selectors.EVENT_READ, server)
                else:
                    ended.add(key.data)
            for server in ended:
                selector.unregister(server.connection)
                selector.unregister(server.pidfd)
                _end(server)


def join(path: Path, order: dict[str, Any]) -> None:
    """Order a server, and stay until it or standard input has ended."""
    with _socket_at(path, connect=True) as zygote:
        text = json.dumps({**order, "env": dict(os.environ)}).encode()
        socket.send_fds(zygote, [text], [sys.stdout.fileno()])
        threading.Thread(target=_hang_up_at_end_of_input, args=[zygote], daemon=True).start()
        zygote.recv(1)
    os._exit(0)  # the thread may be in the middle of a read


def _socket_at(path: Path, *, connect: bool = False) -> socket.socket:
    """A socket for whole messages. The path of one may have 107 bytes, so only its name is used."""
    os.chdir(path.parent)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if connect:
        made.connect(path.name)
        return made
    before = os.umask(0o177)
    made.bind(path.name)
    os.umask(before)
    made.listen(128)
    return made


def _fulfil(connection: socket.socket) -> _Server | None:
    """Fork the ordered server; ``None`` when whoever connected has gone without a word."""
    text, outputs, _, _ = socket.recv_fds(connection, _LONGEST_ORDER, 1)
    if not outputs:
        connection.close()
        return None
    (output,) = outputs
    order = json.loads(text)
    pid = os.fork()
    if pid == 0:
        _become(order, output)
    os.close(output)
    return _Server(pid, order["uid"], connection, os.pidfd_open(pid))


def _become(order: dict[str, Any], output: int) -> NoReturn:
    """Turn this process into the ordered one. What keeps it from that, it writes to the output."""
    try:
        _give_up_what_is_roots(order["uid"], output)
        os.chdir(order["folder"])
        os.environ.update(order["env"])
        module, *sys.argv[1:] = order["command"]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:  # noqa: BLE001 - these are its last words
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):  # full, or closed by the module
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(1)  # further up the stack is the zygote


def _give_up_what_is_roots(uid: int, output: int) -> None:
    """Keep the output, and otherwise no file and no right."""
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers
        with contextlib.suppress(OSError):
            os.close(int(name) if int(name) > 2 else -1)  # noqa: PLR2004 - the standard ones
    if ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("prctl(PR_SET_NO_NEW_PRIVS)")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _end(server: _Server) -> None:
    """Kill a server, and everything of its user: whatever it started, and wherever that went."""
    # By root: one that has only just been forked has not come to be its user's yet.
    signal.pidfd_send_signal(server.pidfd, signal.SIGKILL)
    killer = os.fork()
    if killer == 0:
        os.setresuid(server.uid, server.uid, server.uid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    for pid in (killer, server.pid):
        os.waitpid(pid, 0)
    os.close(server.pidfd)
    server.connection.close()


def _hang_up_at_end_of_input(zygote: socket.socket) -> None:
    while os.read(0, 1):
        pass
    zygote.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(sys.argv[1:])
