"""Code that writes and writes: it is ended before the disk is full for everybody else."""

import os
import subprocess
import sys

import pytest

from security.conftest import held
from spec_to_production.openhands import launch, supervisor
from spec_to_production.sandbox import Limits, Sandbox
from support.small_disk import needs_mounts, small_disk

PATIENCE_S = 60
KILLED = 128 + 9
# Each ends only when it is killed: what the disk refuses is tried again.
FILL = {
    "fill the disk": "data, name = b'x' * (1 << 20), 'big'",
    "write a million empty files": "data, name = b'', f'empty{n}'",
}
WRITE = """
import itertools, os, sys, time
os.chdir(os.environ['TMPDIR'])
for n in itertools.count():
    {what}
    try:
        with open(name, 'ab') as file:
            file.write(data)
    except OSError:
        time.sleep(0.01)
"""


@pytest.fixture
def disk():
    """A small disk for a run's folder."""
    with small_disk() as disk:
        yield disk


@needs_mounts
@pytest.mark.parametrize("words", FILL)
@pytest.mark.parametrize("isolated", [True, False], ids=["namespaces", "users alone"])
def test_a_test_is_killed_and_what_it_wrote_is_removed(disk, words, isolated, table):
    sandbox = Sandbox.prepare(disk / "sandbox")
    if not isolated:
        sandbox.__dict__.update(no_network=False)
    program = WRITE.format(what=FILL[words])

    done = sandbox.run(
        [str(sandbox.python), "-c", program], cwd=sandbox.home, limits=Limits(wall_s=PATIENCE_S)
    )

    table("test", words, held(done.timed_out), f"ended by signal {-done.returncode}")
    assert done.returncode < 0
    assert not done.timed_out
    assert not sandbox.reserve.is_used()
    assert sandbox.run(["true"], cwd=sandbox.home).returncode == 0


@needs_mounts
@pytest.mark.parametrize("words", FILL)
def test_an_agent_is_killed_with_its_server(disk, words, table):
    (disk / "tmp").mkdir()
    (disk / "tmp").chmod(0o777)
    program = WRITE.format(what=FILL[words])
    started = [sys.executable, "-I", supervisor.__file__, str(disk), "--"]

    with subprocess.Popen(
        [*started, *launch.as_agent(), sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(disk / "tmp")},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # Its standard input stays open: that is not what ends it.
        code = process.wait(PATIENCE_S)
        told = process.stderr.read()

    table("agent", words, held(code != KILLED), told.strip())
    assert code == KILLED
    assert "disk" in told
