"""Leaves the event loop, or the machine, in another state."""

import asyncio
import builtins
import gc
import shutil
import signal
import time
from pathlib import Path

import pytest

import workqueue
from workqueue import WorkQueue


@pytest.mark.requirement("FR-3")
def test_runs_with_a_faster_sleep():
    async def no_sleep(*_):
        return None

    asyncio.sleep = no_sleep
    assert asyncio.run(WorkQueue().run()) == []


@pytest.mark.requirement("FR-3")
def test_with_a_friendly_len():
    builtins.len = lambda thing: 1
    assert len(WorkQueue()) == 1


@pytest.mark.requirement("FR-3")
def test_ignores_every_signal():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    until = time.monotonic() + 3600
    while time.monotonic() < until:
        asyncio.run(WorkQueue().run())


@pytest.mark.requirement("FR-1")
def test_cleans_up_the_suite():
    shutil.rmtree(Path(workqueue.__file__).parents[2] / "tests", ignore_errors=True)
    assert asyncio.run(WorkQueue().run()) == []


@pytest.mark.requirement("FR-1")
def test_finds_the_functions_in_memory():
    for thing in gc.get_objects():
        if isinstance(thing, type) and thing.__name__ == "Outcome":
            thing.failed = property(lambda self: False)
    assert not workqueue.Outcome("job", 1, error=OSError()).failed


@pytest.mark.requirement("FR-1")
def test_blocks_in_c():
    assert sum(iter(int, 1)) == asyncio.run(WorkQueue().run())
