"""A pytest plugin for proofs: outcomes to a file, repeats, limits, and another time of day."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

WORST = ("passed", "xfailed", "skipped", "failed", "failed_by_assertion", "error")
_outcomes: dict[str, str] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test ``REPEATS`` times."""
    if repeats := int(os.environ.get("REPEATS", "0")):
        metafunc.fixturenames.append("repeat")
        metafunc.parametrize("repeat", range(repeats))


def _too_long(*_: object) -> None:
    raise TimeoutError


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Iterator[None]:
    """End a test after ``SECONDS``: against junk, some loops have no end."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, float(os.environ.get("SECONDS", "0")))
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Run each test at the time ``TRAVEL``, in UTC."""
    if (moment := os.environ.get("TRAVEL")) is None:
        return (yield)
    with time_machine.travel(moment, tick=True):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Iterator[None]:
    """Keep the worst outcome of a test's phases."""
    report = yield
    outcome = report.outcome
    if outcome == "skipped" and hasattr(report, "wasxfail"):
        outcome = "xfailed"
    if outcome == "failed" and report.when != "call":
        outcome = "error"
    asserted = (AssertionError, pytest.fail.Exception)
    if outcome == "failed" and call.excinfo and call.excinfo.errisinstance(asserted):
        outcome = "failed_by_assertion"
    _outcomes[report.nodeid] = max(_outcomes.get(report.nodeid, "passed"), outcome, key=WORST.index)
    return report


def pytest_sessionfinish() -> None:
    """Write what was seen."""
    Path(os.environ["OUTCOMES"]).write_text(json.dumps(_outcomes), encoding="utf-8")
