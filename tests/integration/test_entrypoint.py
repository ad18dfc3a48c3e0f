"""The container's entry before the tool is there: loading it takes a good part of a second."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ENTRY = Path(__file__).parents[2] / "entrypoint.py"

# Runs the entry, whose first import takes for ever.
LOADING = """
import runpy, sys

class Slow:
    def find_spec(self, name, *_):
        if name == "spec_to_production":
            print("loading", flush=True)
            while True:
                pass

sys.meta_path.insert(0, Slow())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0])
"""

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_cancel_while_the_tool_is_loaded_ends_it_at_once(signum):
    command = [sys.executable, "-c", LOADING, ENTRY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signum)
        _, told = process.communicate(timeout=60)

    # Not by the signal itself: one without a handler does not reach a container's first process.
    assert process.returncode == 128 + signum
    assert told == b""
