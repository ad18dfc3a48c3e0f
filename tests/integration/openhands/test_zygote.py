"""What the process that forks agent servers does with orders that real servers seldom give."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from spec_to_production.openhands import zygote

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has users to give"),
]

# A fork that has not come to be its user's yet, for as long as the test lasts.
SLOW_TO_CHANGE = """
import signal, sys
from spec_to_production.openhands import zygote
zygote._give_up_what_is_roots = lambda *_: signal.pause()
zygote.main(["serve", sys.argv[1]])
"""
USER = 61_183


@pytest.fixture
def socket(tmp_path):
    path = tmp_path / "zygote"
    command = [sys.executable, "-c", SLOW_TO_CHANGE, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as serving:
        assert zygote.READY in serving.stdout.readline().decode()
        yield path
        os.killpg(serving.pid, signal.SIGKILL)


def test_a_server_that_is_ended_before_it_has_its_user_is_ended(socket):
    order = ["join", str(socket), str(USER), "/", "this"]
    command = [sys.executable, "-I", zygote.__file__, *order]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as joined:
        joined.stdin.close()
        try:
            assert joined.wait(20) == 0
        finally:
            joined.kill()
