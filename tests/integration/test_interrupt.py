"""Ctrl-C and SIGTERM: in the middle of a run with the real agent server at work, and after it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spec_to_production import own_folder

ROOT = Path(__file__).parents[2]

# The command, in which a signal comes just after the last stage.
LATE = """
import os, sys
from spec_to_production import assembly, cli

signum, *arguments = sys.argv[1:]
with_trajectories = assembly.Assembly.with_trajectories


def interrupted(self, result):
    os.kill(os.getpid(), int(signum))
    return with_trajectories(self, result)


assembly.Assembly.with_trajectories = interrupted
cli.main(arguments)
"""

pytestmark = pytest.mark.integration


def interrupt(out, folder, signum, after):
    """Run the demo, send the signal at the first line of progress with this text."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("LLM_")}
    process = subprocess.Popen(
        [sys.executable, "examples/demo.py", f"--output={out}"],
        cwd=ROOT,
        env={**env, "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in process.stderr:
        if after in line:
            os.killpg(process.pid, signum)
            break
    _, told = process.communicate(timeout=60)
    return told


def processes_in(folder):
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (
                (entry / "cmdline").read_text(errors="replace") if entry.name.isdigit() else ""
            )
        except OSError:
            continue
        if str(folder) in command:
            found.append(command.replace("\0", " "))
    return found


@pytest.mark.parametrize(
    ("signum", "after"),
    [
        (signal.SIGINT, "OpenHands job"),
        (signal.SIGINT, ": collected "),
        (signal.SIGTERM, "repeats in changing circumstances"),
    ],
)
def test_what_was_collected_is_written_and_nothing_is_left(open_folder, signum, after):
    out, folder = open_folder / "out", open_folder / "tmp"
    folder.mkdir(mode=0o777)
    folder.chmod(0o1777)
    own_folder.make(out)
    (out / "changes.patch").write_text("of an earlier run")

    interrupt(out, folder, signum, after)

    report = json.loads((out / "report.json").read_text("utf-8"))
    assert report["interrupted_by"] == signum
    assert {job["cause"] for job in report["jobs"]} <= {None, "interrupted"}
    assert not (out / "changes.patch").exists()
    assert processes_in(folder) == []
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_after_the_last_stage_costs_the_result_nothing(shop, signum):
    arguments = [
        "verify",
        "--spec=spec.md",
        "--component=shop.py",
        "--tests=tests",
        "--output=out",
        "--flake-bound=0.9",
    ]

    done = subprocess.run(
        [sys.executable, "-c", LATE, str(int(signum)), *arguments],
        cwd=shop,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    report = json.loads((shop / "out" / "report.json").read_text("utf-8"))
    assert report["interrupted_by"] is None
    assert report["verification"]["tests"]
