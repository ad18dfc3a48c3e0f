"""The tool's side of the warm interpreters that run tests in the sandbox."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import select
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, Self, TypeVar

from spec_to_production.disk import remove
from spec_to_production.errors import SandboxError
from spec_to_production.sandbox import Limits, Sandbox
from spec_to_production.verification import runs
from spec_to_production.verification.runs import ForkRun, Place, Record, Run

_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from spec_to_production_runner.zygote import main; sys.path.pop(0); main()"
)
_COMPILE = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from spec_to_production_runner.zygote import warm_up; warm_up([])"
)
Fork = Callable[[ForkRun], Record]
_Wanted = TypeVar("_Wanted")
_Found = TypeVar("_Found")
_Start = Callable[[Mapping[str, str]], contextlib.AbstractContextManager["Interpreter"]]

_CACHE = "compiled"
_WARM_UP = Limits(wall_s=120)
_LIMITS = Limits(wall_s=3600, file_mb=32)
_GRACE_S = 30.0
_LONGEST_LINE = 1 << 20
_LONGEST_ANSWER = 64 << 20


def install_runner(sandbox: Sandbox, into: Path) -> Path:
    """Put the code that runs inside where the sandbox's user can read it, compiled.

    Compiled code is kept beside it, for many interpreters are started; it is made before any
    test runs, and runs cannot write there.

    Raises:
        SandboxError: The interpreter lacks pytest or coverage, or took too long to load them.
    """
    shutil.copytree(
        Path(__file__).parent / "runner",
        into / "spec_to_production_runner",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    cache = into / _CACHE
    cache.mkdir()
    sandbox.hand_over(cache)
    done = sandbox.run(
        [str(sandbox.python), "-P", "-c", _COMPILE, str(into)],
        cwd=into,
        env={"PYTHONPYCACHEPREFIX": str(cache), "PYTHONDONTWRITEBYTECODE": ""},
        limits=_WARM_UP,
    )
    if done.timed_out:
        raise SandboxError(
            f"{sandbox.python} did not load pytest and coverage within {_WARM_UP.wall_s:.0f} s.",
            hint="The machine may be overloaded; run again, or let fewer things run beside it.",
        )
    if done.returncode != 0:
        raise SandboxError(
            f"{sandbox.python} cannot run tests: {done.output.strip()[-500:] or 'no output'}",
            hint="It needs pytest and coverage; install them or name another one with --python.",
        )
    sandbox.take_back(cache)
    return into


class Interpreter:
    """One warm Python with pytest imported; every run is a fork of it.

    Used by one thread. After ``lost`` it answers no more.
    """

    def __init__(self, process: subprocess.Popen[bytes], place: Place, log: IO[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - start() asked for pipes
        assert process.stdout is not None  # noqa: S101
        self._commands, self._answers = process.stdin, process.stdout.fileno()
        self._place, self._log = place, log
        self._pending = b""
        self.lost = False

    @classmethod
    @contextlib.contextmanager
    def start(
        cls,
        sandbox: Sandbox,
        place: Place,
        runner: Path,
        *,
        env: Mapping[str, str] = {},
        warm: Sequence[str] = (),
    ) -> Iterator[Interpreter]:
        """A running interpreter, gone with everything it started when the block is left.

        Raises:
            SandboxError: It does not come up: no pytest, no coverage, not executable.
        """
        command = [str(sandbox.python), "-P", "-c", _START, str(runner)]
        settings = {
            "PYTHONHASHSEED": "0",
            "PYTHONPYCACHEPREFIX": str(runner / _CACHE),
            "COVERAGE_CORE": "ctrace",
            **env,
        }
        with (
            tempfile.TemporaryFile() as log,
            sandbox.start(
                command,
                cwd=place.root,
                env=settings,
                limits=_LIMITS,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log.fileno(),
            ) as process,
        ):
            interpreter = cls(process, place, log)
            try:
                interpreter._send(list(warm))
                interpreter._expect("ready")
                yield interpreter
            finally:
                for pipe in (process.stdin, process.stdout):
                    with contextlib.suppress(OSError):
                        pipe.close()  # type: ignore[union-attr]

    def run(self, run: Run) -> Record:
        """Run some tests in a fork."""
        with self._tmp(run.shared_tmp) as tmp:
            key = runs.new_key()
            self._send(runs.request(run, self._place, key, tmp))
            return self._record(key, run.patience_s)

    @contextlib.contextmanager
    def session(self, run: Run) -> Iterator[Fork | None]:
        """Collect once, then run tests in forks; ``None`` when collection failed."""
        with self._tmp("") as tmp:
            key = runs.new_key()
            self._send({**runs.request(run, self._place, key, tmp), "session": True})
            answer = self._receive(run.patience_s + _GRACE_S)
            if answer is None or "open" not in answer:
                yield None
                return
            yield self._fork
            if not self.lost:
                self._send({"close": True})
                self._receive(_GRACE_S)

    def _fork(self, run: ForkRun) -> Record:
        key = runs.new_key()
        self._send(runs.fork_request(run, key))
        return self._record(key, run.patience_s)

    def _record(self, key: str, patience_s: float) -> Record:
        lines: list[str] = []
        while answer := self._receive(patience_s + _GRACE_S):
            if "ended" in answer:
                status, timed_out = answer["ended"], answer["timed_out"]
                return runs.read_record(lines, key, status=status, timed_out=timed_out)
            if "starved" not in answer:
                lines.append(answer.get("line", ""))
        return runs.read_record(lines, key, status=None, timed_out=False)

    @contextlib.contextmanager
    def _tmp(self, shared: str) -> Iterator[Path]:
        """A TMPDIR by its name, which others share; without one, it is gone after the block."""
        if shared:
            yield self._place.tmp / shared
            return
        folder = self._place.tmp / f"run-{secrets.token_hex(4)}"
        try:
            yield folder
        finally:
            remove(folder)

    def _send(self, message: Any) -> None:  # noqa: ANN401 - JSON
        try:
            self._commands.write(json.dumps(message).encode() + b"\n")
            self._commands.flush()
        except OSError:
            self.lost = True

    def _receive(self, patience_s: float) -> dict[str, Any] | None:
        """The next answer; ``None`` when there is none to come, and the interpreter is lost."""
        deadline = time.monotonic() + patience_s
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if self.lost or left <= 0 or not select.select([self._answers], [], [], left)[0]:
                self.lost = True
                return None
            chunk = os.read(self._answers, 1 << 16)
            if not chunk or len(self._pending) > _LONGEST_ANSWER:
                self.lost = True
                return None
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):  # a test has found its parent's pipe
            answer = None
        self.lost = not isinstance(answer, dict)
        return None if self.lost else answer

    def _expect(self, what: str) -> None:
        answer = self._receive(_GRACE_S * 2)
        if answer is None or what not in answer:
            self._log.seek(0)
            said = self._log.read(_LONGEST_LINE).decode("utf-8", "replace").strip()
            raise SandboxError(f"The Python that runs the tests did not start: {said[-500:]}")


class _Seat:
    """A place for one interpreter, which makes room for the next when it is lost."""

    def __init__(self, start: _Start) -> None:
        self._start, self._stack = start, contextlib.ExitStack()
        self._kept: Interpreter | None = None
        self._env: Mapping[str, str] = {}

    def interpreter(self, env: Mapping[str, str] = {}) -> Interpreter:
        """The one that sits here; a new one where that is lost or has another environment."""
        if self._kept is None or self._kept.lost or self._env != env:
            self.close()
            self._kept, self._env = self._stack.enter_context(self._start(env)), env
        return self._kept

    def close(self) -> None:
        """End it."""
        self._kept = None
        self._stack.close()


@dataclass
class Interpreters:
    """A few interpreters, one for each worker thread, kept warm between runs.

    A context manager; on leaving it, all of them are gone.
    """

    sandbox: Sandbox
    place: Place
    runner: Path
    workers: int
    warm: tuple[str, ...] = ()
    _local: threading.local = field(default_factory=threading.local)
    _seats: list[_Seat] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(self.workers)
        self._keeping = self._seat()
        return self

    def __exit__(self, *details: object) -> None:
        self._end_all()  # no thread waits for a run then
        self._threads.shutdown()
        self._end_all()  # what a thread has started meanwhile

    def _end_all(self) -> None:
        for seat in self._seats:
            seat.close()

    def run_all(self, wanted: Iterable[Run]) -> list[Record]:
        """Runs in warm interpreters, side by side; the records are in the runs' order."""
        return list(self._threads.map(lambda run: self.mine().run(run), wanted))

    def run_fresh(self, wanted: Iterable[tuple[Run, Mapping[str, str]]]) -> list[Record]:
        """Runs in new interpreters: one for each environment, as long as it stays the same."""
        groups = itertools.groupby(wanted, key=lambda pair: pair[1])
        shared = [(env, [run for run, _ in pairs]) for env, pairs in groups]
        records = self._threads.map(lambda group: self._fresh(*group), shared)
        return [record for some in records for record in some]

    def run_under(self, env: Mapping[str, str], run: Run) -> Record:
        """A run in an interpreter with this environment, which waits for the next such run.

        For one thread.
        """
        return self._keeping.interpreter(env).run(run)

    def map(self, deed: Callable[[_Wanted], _Found], over: Iterable[_Wanted]) -> list[_Found]:
        """Do something in the worker threads; it gets an interpreter with :meth:`mine`."""
        return list(self._threads.map(deed, over))

    def in_sessions(
        self, opening: Run, wanted: Sequence[_Wanted], deed: Callable[[Fork, _Wanted], _Found]
    ) -> list[_Found | None]:
        """Do the deed for all that is wanted, in sessions that the workers share the work of.

        What it comes to is in the order of what was wanted; ``None`` where no session opened.
        """
        queue: SimpleQueue[tuple[int, _Wanted]] = SimpleQueue()
        for pair in enumerate(wanted):
            queue.put(pair)
        results: dict[int, _Found] = {}

        def work(_: int) -> None:
            while not queue.empty():
                interpreter = self.mine()
                with interpreter.session(opening) as fork:
                    if fork is None:
                        return
                    while not interpreter.lost:
                        try:
                            index, one = queue.get_nowait()
                        except Empty:
                            return
                        results[index] = deed(fork, one)

        if wanted:
            self.map(work, range(self.workers))
        return [results.get(index) for index in range(len(wanted))]

    def opens(self, opening: Run) -> bool:
        """Whether a session opens: all its files can be imported, one after the other."""
        with self.mine().session(opening) as fork:
            return fork is not None

    def mine(self) -> Interpreter:
        """The calling thread's warm interpreter."""
        if not hasattr(self._local, "seat"):
            self._local.seat = self._seat()
        seat: _Seat = self._local.seat
        return seat.interpreter()

    def _seat(self) -> _Seat:
        seat = _Seat(self._start)
        self._seats.append(seat)
        return seat

    def _start(self, env: Mapping[str, str]) -> contextlib.AbstractContextManager[Interpreter]:
        return Interpreter.start(self.sandbox, self.place, self.runner, env=env, warm=self.warm)

    def _fresh(self, env: Mapping[str, str], wanted: Sequence[Run]) -> list[Record]:
        records: list[Record] = []
        while len(records) < len(wanted):
            with self._start(env) as interpreter:
                for run in wanted[len(records) :]:
                    records.append(interpreter.run(run))
                    if interpreter.lost:  # that run is to blame, the others get a new one
                        break
        return records
