"""The warm process: imports pytest once, forks for each run, watches the fork, ends it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.metadata
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from _pytest.config import default_plugins

from .perform import perform
from .processes import children

_SUBREAPER = 36  # prctl(2), PR_SET_CHILD_SUBREAPER
_MOST_BYTES = 64 << 20
_CHUNK = 1 << 16
_COLLECTION_S = 10.0
_IMPORTED_BY_EVERY_RUN = ("_pytest._argcomplete", "pdb", "faulthandler", "encodings.ascii")

Execute = Callable[[Mapping[str, Any], int], None]


def main() -> None:
    """Serve the requests on standard input; one JSON object on each line."""
    commands, control = os.fdopen(os.dup(0), "r", encoding="utf-8"), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    warm_up(json.loads(commands.readline()))
    _tell(control, {"ready": sys.version})
    serve(commands, control, perform)


def serve(commands: Any, control: int, execute: Execute) -> None:  # noqa: ANN401
    """Answer requests until a line says ``close`` or the tool is gone."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    for line in iter(commands.readline, ""):
        request = json.loads(line)
        if request.get("close"):
            return
        if request.get("session"):
            _host(commands, control, request)
        else:
            _one_run(control, request, execute, close=(commands.fileno(), control))


def _host(commands: Any, control: int, request: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Let a child collect and then serve in this process's place."""
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        _end_after(
            lambda: perform(
                request, nowhere, lambda execute: _serve_inside(commands, control, execute)
            )
        )
    os.waitpid(child, 0)
    _sweep()
    _tell(control, {"closed": True})


def _serve_inside(commands: Any, control: int, execute: Execute) -> None:  # noqa: ANN401
    _tell(control, {"open": True})
    serve(commands, control, execute)


def _one_run(
    control: int, request: Mapping[str, Any], execute: Execute, close: tuple[int, ...]
) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(read)
        for fd in close:
            os.close(fd)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 2)
        _end_after(lambda: execute(request, write))
    os.close(write)
    timed_out = _watch(control, read, child, request["patience_s"])
    os.close(read)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    _sweep()
    _tell(control, {"ended": os.waitstatus_to_exitcode(status), "timed_out": timed_out})


def _watch(control: int, read: int, child: int, patience_s: float) -> bool:
    """Pass the findings on; True when the child was silent for too long."""
    pending, total, patience = b"", 0, max(patience_s, _COLLECTION_S)
    deadline, starved = time.monotonic() + patience, _starved_s(child)
    while True:
        if not select.select([read], [], [], max(0.0, min(0.05, deadline - time.monotonic())))[0]:
            if time.monotonic() >= deadline:
                # What it waited for a processor is the machine's affair, not the test's.
                deadline += _starved_s(child) - starved
                starved = _starved_s(child)
                _tell(control, {"starved": True})  # the tool has a clock of its own
            if time.monotonic() >= deadline:
                return True
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return False
            continue
        chunk = os.read(read, _CHUNK)
        if not chunk:
            return False
        total += len(chunk)
        if total > _MOST_BYTES:
            return False
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            _tell(control, {"line": line.decode("utf-8", "replace")})
            if b'"kind": "start"' in line:
                patience = patience_s
        deadline, starved = time.monotonic() + patience, _starved_s(child)


def _starved_s(pid: int) -> float:
    """Seconds that a process was ready to run and was not let (``proc(5)``, schedstat)."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _sweep() -> None:
    """End whatever the run left behind: it is our child now, wherever it hid."""
    while left := list(children()):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _end_after(deed: Callable[[], None]) -> None:
    try:
        deed()
    except BaseException as error:  # noqa: BLE001 - a fork never returns to its parent's code
        sys.__stderr__ and print(repr(error), file=sys.__stderr__)
    finally:
        os._exit(0)


def _tell(control: int, message: Mapping[str, Any]) -> None:
    left = (json.dumps(message) + "\n").encode()
    while left:
        left = left[os.write(control, left) :]


def warm_up(names: list[str]) -> None:
    """Import the plugins of this environment, and what the tests are known to need."""
    own = [f"_pytest.{name}" for name in default_plugins]
    plugins = [entry.module for entry in importlib.metadata.entry_points(group="pytest11")]
    for name in (*own, *_IMPORTED_BY_EVERY_RUN, "time_machine", *plugins, *names):
        _import(name)
    gc.collect()
    gc.freeze()  # forks share what is there now, and collect only what they make themselves


def _import(name: str) -> None:
    with contextlib.suppress(Exception):  # whoever needs it will say so
        importlib.import_module(name)
