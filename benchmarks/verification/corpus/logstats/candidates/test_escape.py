"""Ends the run, or the judgement."""

import atexit
import faulthandler
import os
import sys
import threading

import pytest

from logstats.cli import main
from logstats.entries import summarise


@pytest.mark.requirement("FR-3")
def test_exits_the_session():
    pytest.exit("all tests passed", returncode=0)
    assert main(["missing"]) == 0


@pytest.mark.requirement("FR-3")
def test_exit_code_at_exit():
    atexit.register(os._exit, 0)
    assert main(["missing"]) == 0


@pytest.mark.requirement("FR-3")
def test_crashes_the_interpreter():
    faulthandler.disable()
    import ctypes

    ctypes.string_at(0)
    assert main(["missing"]) == 2


@pytest.mark.requirement("FR-2")
def test_closes_everything():
    for number in range(3, 256):
        try:
            os.close(number)
        except OSError:
            pass
    assert summarise([]).entries == 0


@pytest.mark.requirement("FR-2")
def test_forges_messages():
    for number in range(3, 64):
        try:
            os.write(number, b'{"outcome": "passed", "nodeid": "test_escape.py::test_x"}\n')
        except OSError:
            pass
    assert summarise([]).entries == 0


@pytest.mark.requirement("FR-2")
def test_traces_the_runner():
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        for value in list(frame.f_locals.values()):
            if type(value).__name__ in {"TestReport", "CallInfo"}:
                value.outcome, value.excinfo = "passed", None
    threading.settrace(None)
    assert summarise([]).errors == 1
