"""What code in the sandbox can reach: it stands for any test, whoever wrote it."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from security.conftest import ATTACKER, canary, held, needs_root
from spec_to_production import probes
from spec_to_production.sandbox import Limits, Sandbox

NOT_A_TESTS = "gateway,model's key,be told the key,budget,agent server"


@pytest.fixture
def run_folder():
    with tempfile.TemporaryDirectory(prefix="s2p-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(params=["namespaces", "users alone"])
def sandbox(request, run_folder):
    """On a machine that lets us make namespaces, and in a container that does not."""
    made = Sandbox.prepare(run_folder / "sandbox")
    if request.param == "users alone":
        made.__dict__.update(no_network=False)
    return made


@needs_root
def test_nothing_of_the_job_is_in_reach(sandbox, run_folder, job, attack, request):
    other = run_folder / "openhands" / "copies" / "a"
    other.mkdir(parents=True)
    other.chmod(0o700)
    (other / "area.py").write_text("")
    (run_folder / "base").mkdir()
    place = sandbox.home / "tmp" / "attack"
    place.mkdir()
    shutil.copy(ATTACKER, place)
    targets = job.targets(
        run_folder=str(run_folder),
        other_copy=str(other / "area.py"),
        snapshot_file=str(run_folder / "base" / "area.py"),
        left_out=NOT_A_TESTS if sandbox.no_network else f"{NOT_A_TESTS},reach the network",
    )
    (place / "targets.json").write_text(json.dumps(targets))
    sandbox.hand_over(place)

    done = sandbox.run(
        [str(sandbox.python), "-I", str(place / ATTACKER.name), str(place / "targets.json")],
        cwd=place,
        limits=Limits(wall_s=240, processes=256),
    )

    attack(f"test, {request.node.callspec.params['sandbox']}", done.output.splitlines(), least=44)


DAEMON = """
import os, subprocess, sys, time
for hide in (os.setsid, lambda: None, lambda: os.setpgid(0, 0)):
    if os.fork() == 0:
        hide()
        if os.fork() == 0:
            os.setsid()
            os.execve(sys.executable, [sys.executable, "-I", "-c", sys.argv[1]], {})
        os._exit(0)
"""


@needs_root
def test_a_daemon_does_not_outlive_its_run(sandbox, table):
    """It has left its session, its group and its parent, and has an empty environment."""
    sign = f"import time; time.sleep({600 + os.getpid() / 1e7})"

    sandbox.run([str(sandbox.python), "-I", "-c", DAEMON, sign], cwd=sandbox.home)

    left = [pid for pid, line in command_lines() if sign in line]
    table("test", "leave a daemon behind", held(left), str(left))
    assert not left


def command_lines():
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError):
                yield (
                    int(process.name),
                    (process / "cmdline").read_bytes().decode("utf-8", "replace"),
                )


@pytest.mark.parametrize("trial", ["of the sandbox", "of the agent's user"])
def test_even_a_trial_as_another_user_gets_no_secret(run_folder, monkeypatch, trial):
    """What runs as another user can be read by that user, however short it runs."""
    monkeypatch.setenv("INPUT_LLM-API-KEY", canary("llm"))
    seen, spy = run_folder / "seen", run_folder / "python"
    seen.touch(mode=0o666)
    seen.chmod(0o666)
    spy.write_text(
        f"#!{sys.executable} -I\nimport os; open({str(seen)!r}, 'w').write(str(dict(os.environ)))\n"
    )
    spy.chmod(0o755)

    if trial == "of the sandbox":
        assert Sandbox(run_folder, spy)._runs([str(spy)])
    else:
        assert probes.succeeds([str(spy)])

    assert "PATH" in seen.read_text()
    assert "canary" not in seen.read_text()
