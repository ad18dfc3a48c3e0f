"""One run of pytest in the sandbox: each test's outcome, and what the tests cover."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spec_to_production.disk import remove
from spec_to_production.results import (
    Component,
    Coverage,
    ExistingTest,
    FileCoverage,
    Suite,
    SuiteStatus,
)
from spec_to_production.sandbox import Completed, Limits, Sandbox

_LIMITS = Limits()
_RUNNER = Path(__file__).with_name("suite_runner.py")
EXISTING_TEST_S = 60.0
"""Seconds that a test of the project's own may take, whatever the new ones may."""

_BROKEN = {2: "was interrupted", 3: "had an internal error", 4: "refused its arguments"}
"""pytest's exit codes that say nothing about the tests."""

Event = Mapping[str, Any]


def run_suite(
    test_files: Sequence[str],
    copy: Path,
    sandbox: Sandbox,
    *,
    import_root: str,
    options: Sequence[str],
    measure: Component | None = None,
    limits: Limits = _LIMITS,
    test_timeout: float = EXISTING_TEST_S,
) -> Suite:
    """Run test files of a private copy of the repository, with the project's own pytest settings.

    Red tests, no tests and tests that cannot be run are states of the result, not errors.
    Coverage counts every executable line of the measured component (coverage.py's rules, the
    project's own coverage settings left aside); without test files nothing is covered.

    Args:
        test_files: Paths relative to the copy.
        copy: The repository to run in; it is handed over to the sandbox's user.
        sandbox: Where the tests run.
        import_root: The directory for ``sys.path``, relative to the copy.
        options: Those of the project's pytest that decide what is imported, as they were read
            before anything of the project ran: it may have planted a link in their place.
        measure: The component whose coverage is wanted.
        limits: Bounds of the whole run.
        test_timeout: Seconds for one test before it counts as failed.

    Raises:
        SandboxError: The process could not be started.
    """
    copy = copy.resolve()
    modules = measure.modules if measure else ()
    folder = Path(tempfile.mkdtemp(prefix="suite-", dir=sandbox.home / "tmp"))
    try:
        runner = shutil.copy(_RUNNER, folder)
        order = {
            "root": str(copy),
            "events": str(folder / "events"),
            "cache": str(folder / "cache"),
            "tests": list(test_files),
            "options": list(options),
            "files": [str(copy / module.path) for module in modules],
            "modules": [module.name for module in modules if not _is_program(module.name)],
            "test_timeout": test_timeout,
        }
        (folder / "order").write_text(json.dumps(order), "utf-8")
        # Opened before any test runs: a test may put something else in the file's place.
        with (folder / "events").open("w+", encoding="utf-8", errors="replace") as record:
            for path in (folder, copy):
                sandbox.hand_over(path)
            done = sandbox.run(
                [str(sandbox.python), str(runner), str(folder / "order")],
                cwd=copy,
                env={"PYTHONPATH": str(copy / import_root), "PYTHONHASHSEED": "0"},
                limits=limits,
            )
            told = record.read()
    finally:
        remove(folder)
    try:
        return _suite(_parse(told), done, limits, copy)
    except (KeyError, TypeError, ValueError, RecursionError):
        return Suite(status="error", detail="A test changed the record of the run.")


def _suite(events: Sequence[Event], done: Completed, limits: Limits, copy: Path) -> Suite:
    tests = _tests(events)
    status, detail = _conclude(tests, events, done, limits)
    return Suite(
        status=status,
        tests=tests,
        coverage=_coverage(events, copy),
        duration_ms=done.duration_ms,
        detail=detail,
    )


def _is_program(module: str) -> bool:
    return module.rpartition(".")[2] == "__main__"


def _parse(record: str) -> list[Event]:
    # The last line may be cut off where the run was stopped.
    return [json.loads(line) for line in record.splitlines() if line.endswith("}")]


def _tests(events: Sequence[Event]) -> tuple[ExistingTest, ...]:
    return tuple(
        ExistingTest(id=event["test"], outcome=event["outcome"], duration_ms=event["ms"])
        for event in events
        if "test" in event
    )


def _coverage(events: Sequence[Event], copy: Path) -> Coverage | None:
    files = tuple(
        FileCoverage(
            path=Path(event["file"]).relative_to(copy).as_posix(),
            covered=event["covered"],
            missing=event["missing"],
        )
        for event in events
        if "file" in event
    )
    if not files:
        return None
    covered = sum(len(file.covered) for file in files)
    executable = covered + sum(len(file.missing) for file in files)
    return Coverage(percent=100 * covered / executable if executable else 100, files=files)


def _conclude(
    tests: Sequence[ExistingTest], events: Sequence[Event], done: Completed, limits: Limits
) -> tuple[SuiteStatus, str]:
    red = [test.id for test in tests if test.outcome in ("failed", "error")]
    ran = [test.id for test in tests if test.outcome in ("passed", "failed")]
    exit_code = next((event["end"] for event in events if "end" in event), None)
    if exit_code is None:
        return "error", _stopped(events, done, limits)
    if exit_code in _BROKEN and not ran:
        return "error", f"pytest {_BROKEN[exit_code]}:\n{_tail(done.output)}"
    if red and not ran:
        return "error", _nothing_ran(events)
    if red:
        return "failed", f"{len(red)} of {len(tests)} tests fail: {', '.join(red)}"
    if ran:
        return "passed", ""
    return _without_tests(tests, events)


def _without_tests(
    tests: Sequence[ExistingTest], events: Sequence[Event]
) -> tuple[SuiteStatus, str]:
    modules = [event for event in events if "file" in event or "unreadable" in event]
    broken = [event for event in events if "module" in event]
    if broken and len(broken) >= len(modules):
        first = broken[0]
        return "error", f"The component cannot be imported: {first['module']}: {first['why']}"
    all_of_them = "The only test is" if len(tests) == 1 else f"All {len(tests)} tests are"
    return "no_tests", f"{all_of_them} skipped." if tests else ""


def _nothing_ran(events: Sequence[Event]) -> str:
    first = next(event for event in events if event.get("outcome") == "error")
    return f"No test could be run. {first['test']}: {_tail(first.get('why', ''), lines=3)}"


def _stopped(events: Sequence[Event], done: Completed, limits: Limits) -> str:
    last = next((event["started"] for event in reversed(events) if "started" in event), None)
    where = f" in {last}" if last else ""
    if done.timed_out:
        return f"The tests were stopped after {limits.wall_s:g} s{where}."
    return f"The run ended too early{where} (exit code {done.returncode}):\n{_tail(done.output)}"


def _tail(text: str, lines: int = 8) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])[-1000:]
