"""Load, of the kind that a machine remembers."""

import os
import subprocess
import sys
import threading
import time

import pytest

from ratelimit import Bucket, Limiter


@pytest.mark.requirement("FR-4")
def test_many_processes():
    """Each generation forks the next: 4,096 processes that sleep a while."""
    parent = os.getpid()
    for _ in range(12):
        os.fork()
    if os.getpid() != parent:
        time.sleep(5)
        os._exit(0)
    assert Bucket(1, 1).take()


@pytest.mark.requirement("FR-4")
def test_stays_in_the_background():
    subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    assert Limiter(1, 1).sweep() == 0


@pytest.mark.requirement("FR-4")
def test_thread_that_outlives_the_test():
    def patch_later():
        time.sleep(0.05)
        Bucket.take = lambda self, count=1: True

    threading.Thread(target=patch_later, daemon=True).start()
    assert Bucket(1, 1).take()


@pytest.mark.requirement("FR-1")
def test_waits_for_a_token_for_ever():
    bucket = Bucket(1, 1e-12)
    bucket.take()
    while not bucket.take():
        time.sleep(0.01)


@pytest.mark.requirement("FR-1")
def test_recursion_without_end():
    def take_all(bucket):
        return bucket.take() + take_all(bucket)

    sys.setrecursionlimit(1_000_000_000)
    assert take_all(Bucket(1, 1)) == 1
