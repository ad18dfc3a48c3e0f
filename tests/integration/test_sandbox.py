"""What the sandbox keeps from the processes in it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spec_to_production.disk import Reserve
from spec_to_production.sandbox import Sandbox

PLANT = """
import pathlib, site
folder = pathlib.Path(site.getusersitepackages())
folder.mkdir(parents=True)
(folder / "usercustomize.py").write_text("print('planted')")
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the sandbox's user may enter; pytest closes its own to other users."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_process_cannot_plant_code_for_the_next_in_its_home(place: Path) -> None:
    # A virtual environment has no user site; the Python of a system or a container has one.
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("no Python but that of a virtual environment")
    sandbox = Sandbox.prepare(place / "sandbox", Path(python))
    planted = sandbox.run([python, "-c", PLANT], cwd=place)
    assert planted.returncode == 0, planted.output

    assert sandbox.run([python, "-c", "print('clean')"], cwd=place).output == "clean\n"


MOVE = """
import os
here = os.environ["TMPDIR"]
os.rename(here, here + "-moved")
os.symlink("/etc", here)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="without root a process has our own rights")
def test_a_process_cannot_put_a_link_in_place_of_a_folder_that_we_write_to_and_clear(
    place: Path,
) -> None:
    sandbox = Sandbox.prepare(place / "sandbox")

    done = sandbox.run([str(sandbox.python), "-c", MOVE], cwd=place)

    assert "PermissionError" in done.output
    assert not (sandbox.home / "tmp").is_symlink()


def test_a_link_gives_no_right_to_what_it_leads_to(place: Path) -> None:
    sandbox = Sandbox.prepare(place / "sandbox")
    private = place / "private"
    private.touch(mode=0o600)
    folder = place / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(private)
    sandbox.hand_over(folder)
    sandbox.take_back(folder)

    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_what_is_kept_of_the_disk_is_known_before_a_process_can_use_any(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, look, start = [], Reserve.half_of, subprocess.Popen

    def told(command: list[str], **options: Any) -> Any:
        seen.append(command[-1])
        return start(command, **options)

    sandbox = Sandbox.prepare(place / "sandbox", Path(sys.executable))
    monkeypatch.setattr(Reserve, "half_of", lambda folder: seen.append("look") or look(folder))
    monkeypatch.setattr(subprocess, "Popen", told)

    sandbox.run(["/bin/true", "the process"], cwd=place)

    assert seen.index("look") < seen.index("the process")
