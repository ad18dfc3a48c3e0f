"""What the tool's side of an interpreter leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spec_to_production.verification.interpreter import Interpreter
from spec_to_production.verification.runs import Place, Run


def test_an_error_in_a_session_leaves_no_folder(tmp_path):
    """The other side opens the session in the folder that it is told, and waits."""
    opens = (
        "import json, pathlib, sys\n"
        "pathlib.Path(json.loads(input())['tmp']).mkdir()\n"
        "print(json.dumps({'open': True}), flush=True)\n"
        "input(), print('{}')\n"
    )
    place = Place(Path(), (), (), ".", tmp_path)
    with (
        (tmp_path / "log").open("w+b") as log,
        subprocess.Popen(
            [sys.executable, "-c", opens], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process,
    ):

        def fail() -> None:
            with Interpreter(process, place, log).session(Run(())) as fork:
                assert fork is not None
                assert list(tmp_path.glob("run-*"))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
    assert not list(tmp_path.glob("run-*"))
