"""Runs pytest inside the sandbox and writes down what happened, as JSON lines.

A script for the interpreter that has the component's dependencies: it imports nothing of this
package. Its one argument is a file with a JSON object, made by the module ``suite`` beside it.
What is known is written at once, so that a run that is stopped keeps it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

try:
    import coverage
    import pytest
except ImportError as missing:
    sys.exit(
        f"{missing.name} is not installed for {sys.executable}: install it there, "
        "or name it in the setting 'requirements'."
    )

_AGAIN_S = 0.01
_PLUGINS = {
    ("pytest_randomly", "randomly"): "--randomly-dont-reorganize",
    ("xdist", "xdist"): "-n0",
    ("pytest_cov", "cov"): "--no-cov",
}
_COVERAGE = str(Path(coverage.__file__).parent) + os.sep

Emit = Callable[..., None]


class Recorder:
    """A pytest plugin: emits the outcome of every test, and stops one that takes too long."""

    def __init__(self, emit: Emit, test_timeout: float) -> None:
        self.passed = 0
        self._emit = emit
        self._timeout = test_timeout
        self._duration = 0.0
        self._outcome = "passed"
        self._why = ""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Know the mark of generated tests: a project may refuse marks that it does not know."""
        config.addinivalue_line("markers", "requirement(id): what a test stands for")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected is told like a test that errs."""
        if report.failed:
            self._emit(test=report.nodeid, outcome="error", ms=0.0, why=report.longreprtext)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test is under way, in case nothing follows."""
        self._emit(started=nodeid)
        self._duration, self._outcome, self._why = 0.0, "passed", ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the phases of one test: the worst outcome counts."""
        self._duration += report.duration
        if report.failed:
            self._outcome = "failed" if report.when == "call" else "error"
            self._why = report.longreprtext
        elif report.skipped:
            self._outcome = "skipped"

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Emit the test's outcome."""
        self.passed += self._outcome == "passed"
        self._emit(test=nodeid, outcome=self._outcome, ms=self._duration * 1000, why=self._why)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        """Bound the fixtures' set-up."""
        with self._alarm():
            yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Bound the test itself."""
        with self._alarm():
            yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """Bound the fixtures' tear-down."""
        with self._alarm():
            yield

    @contextlib.contextmanager
    def _alarm(self) -> Iterator[None]:
        def stop(_: int, frame: FrameType | None) -> None:
            if _is_in_coverage(frame):
                signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
                return
            pytest.fail(f"took over {self._timeout:g} s", pytrace=False)

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, self._timeout)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _is_in_coverage(frame: FrameType | None) -> bool:
    """Whether coverage takes in a line: an exception there leaves its lock held, for good."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_COVERAGE):
            return True
        frame = frame.f_back
    return False


def main(order: dict[str, Any]) -> None:
    """Run the tests that the order names, then measure, then say how it ended."""
    sys.path[0] = order["root"]  # as `python -m pytest` has it
    with Path(order["events"]).open("a", buffering=1, encoding="utf-8") as stream:

        def emit(**event: Any) -> None:  # noqa: ANN401
            stream.write(json.dumps(event) + "\n")

        measure = coverage.Coverage(data_file=None, config_file=False, include=order["files"])
        measure.set_option("run:disable_warnings", ["no-data-collected"])
        recorder = Recorder(emit, order["test_timeout"])
        code = int(pytest.ExitCode.NO_TESTS_COLLECTED)
        if order["tests"]:
            measure.start()
            code = int(pytest.main(_arguments(order), plugins=[recorder]))
            measure.stop()
        for path in order["files"]:
            _analyse(measure, path, emit)
        if not recorder.passed:
            _try_imports(order["modules"], emit)
        emit(end=code)


def _arguments(order: dict[str, Any]) -> list[str]:
    """The project's own configuration holds; only what would falsify the run is taken back."""
    arguments = [
        *order["tests"],
        f"--rootdir={order['root']}",
        f"--confcutdir={order['root']}",
        f"--override-ini=cache_dir={order['cache']}",
        "--continue-on-collection-errors",
        "--maxfail=0",
    ]
    return arguments + [
        taken_back
        for (module, name), taken_back in _PLUGINS.items()
        if importlib.util.find_spec(module) and not _is_off(name, order["options"])
    ]


def _is_off(plugin: str, options: Sequence[str]) -> bool:
    """Whether the project switches a plugin off, and with it the options that it adds."""
    return any(word.endswith((f"no:{plugin}", f"no:pytest_{plugin}")) for word in options)


def _analyse(measure: coverage.Coverage, path: str, emit: Emit) -> None:
    try:
        _, executable, _, missing, _ = measure.analysis2(path)
    except coverage.exceptions.CoverageException as error:
        emit(unreadable=path, why=str(error))
        return
    covered = sorted(set(executable) - set(missing))
    emit(file=path, covered=covered, missing=sorted(missing))


def _try_imports(modules: Sequence[str], emit: Emit) -> None:
    """Where no test passed, find out whether the component can be imported at all."""
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - foreign code may even call sys.exit
            emit(module=name, why=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    # Threads that tests left running must not keep the process.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
