"""A pytest plugin for proofs: many runs of one collection, limits, another time of day."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

WORST = ("passed", "xfailed", "skipped", "failed", "failed_by_assertion", "error")
_outcomes: dict[str, str] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run everything ``RUNS`` times, each time in a process and an order of its own."""
    for run in range(int(os.environ["RUNS"])):
        child = os.fork()
        if child == 0:
            if "SHUFFLE" in os.environ:
                random.Random(run).shuffle(session.items)
            return None
        os.waitpid(child, 0)
    os._exit(0)


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
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Iterator[None]:
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
    before = _outcomes.get(report.nodeid, "passed")
    _outcomes[report.nodeid] = max(before, outcome, key=WORST.index)
    return report


def pytest_sessionfinish() -> None:
    """Add a line with what was seen, and leave without pytest's summary."""
    with Path(os.environ["OUTCOMES"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(_outcomes) + "\n")
    os._exit(0)
