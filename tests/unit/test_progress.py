import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from spec_to_production.progress import Lines, Progress, Sight


class Clock:
    ms = 0.0

    def __call__(self):
        return self.ms


@contextlib.contextmanager
def taking_turns_often():
    """Python hands over from one thread to the next after every few steps."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def progress(lines, clock):
    return Progress(Lines(lines.append), clock, lambda text: text.replace("secret", "***"))


def test_a_line_has_the_time_the_job_and_no_secret(progress, lines, clock):
    clock.ms = 1500
    progress.tell("wrote secret", "job 1")

    assert lines == ["[   1.5 s] job 1: wrote ***"]


def test_what_an_agent_says_commands_no_terminal(progress, lines):
    progress.tell("failed: \x1b]0;title\x07\x1b[2J\rforged", "job-1")

    assert lines[-1].endswith("failed: ␛]0;title␇␛[2J\nforged")


def test_lines_of_many_threads_come_one_at_a_time(clock):
    inside, most = [0], [0]

    def write(_):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        sum(1 for _ in range(1000))  # long enough for threads that take turns all the time
        inside[0] -= 1

    progress = Progress(Lines(write), clock)
    with taking_turns_often(), ThreadPoolExecutor(8) as pool:
        list(pool.map(progress.tell, map(str, range(50))))

    assert most == [1]


def test_a_run_that_says_nothing_for_a_minute_gives_a_sign_of_life(progress, lines, clock):
    progress.show(lambda: [Sight("a", "with the agent"), Sight("b", "succeeded", is_over=True)])
    for second in range(0, 200, 10):
        clock.ms = second * 1000
        progress.beat()

    assert lines == [
        f"[{second:6.1f} s] still at work, jobs: 1 with the agent, 1 done"
        for second in (60, 120, 180)
    ]


def test_what_is_said_counts_as_a_sign_of_life(progress, lines, clock):
    for second in (50, 100, 150):
        clock.ms = second * 1000
        progress.tell("something")
        progress.beat()

    assert len(lines) == 3


def test_after_its_end_a_run_says_nothing_more(progress, lines):
    with progress.alive():
        progress.tell("at work")
    progress.tell("too late")

    assert len(lines) == 1
