"""What the tool's side of an interpreter leaves behind, and says of one that cannot be used."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spec_to_production.errors import SandboxError
from spec_to_production.sandbox import Completed
from spec_to_production.verification.interpreter import Interpreter, Interpreters, install_runner
from spec_to_production.verification.runs import Place, Run

STARVED = '{"starved": true}'
ENDED = '{"ended": -9, "timed_out": true}'


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


def test_a_run_that_waited_for_a_processor_and_then_took_too_long_timed_out(tmp_path):
    answers = "".join(f"print({answer!r}, flush=True)\n" for answer in (STARVED, STARVED, ENDED))
    with (
        (tmp_path / "log").open("w+b") as log,
        subprocess.Popen(
            [sys.executable, "-c", f"input()\n{answers}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process,
    ):
        place = Place(Path(), (), (), ".", tmp_path)
        record = Interpreter(process, place, log).run(Run(()))

    assert record.ending == "timed_out"


class Ends:
    """A sandbox in which every process ends in the same way."""

    python = Path("/usr/bin/python3")

    def __init__(self, *, timed_out):
        self.end = Completed(returncode=1, output="", timed_out=timed_out, duration_ms=0)

    def hand_over(self, path):
        pass

    def run(self, *_, **__):
        return self.end


@pytest.mark.parametrize(
    ("timed_out", "said", "hint"),
    [(True, "did not load", "overloaded"), (False, "cannot run tests", "pytest and coverage")],
)
def test_one_that_is_slow_is_not_said_to_lack_something(tmp_path, timed_out, said, hint):
    with pytest.raises(SandboxError, match=said) as error:
        install_runner(Ends(timed_out=timed_out), tmp_path)

    assert hint in error.value.hint


def test_an_interpreter_that_is_lost_is_ended_before_the_next_one_starts(tmp_path, monkeypatch):
    there: list[Interpreter] = []
    most = 0

    @contextlib.contextmanager
    def start(*_: object, **__: object) -> Iterator[Interpreter]:
        nonlocal most
        with (
            (tmp_path / "log").open("w+b") as log,
            subprocess.Popen(
                [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as process,
        ):
            there.append(Interpreter(process, Place(Path(), (), (), ".", tmp_path), log))
            most = max(most, len(there))
            yield there[-1]
            there.pop()

    monkeypatch.setattr(Interpreter, "start", start)
    place = Place(Path(), (), (), ".", tmp_path)
    with Interpreters(Any, place, tmp_path, workers=1) as pool:
        endings = [record.ending for record in pool.run_all([Run(())] * 3)]

    assert (endings, most, there) == (["died"] * 3, 1, [])
