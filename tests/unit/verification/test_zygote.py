"""What the warm process tells while it watches a run."""

from __future__ import annotations

import os
import subprocess
import sys

from spec_to_production.verification.runner import zygote


def test_a_run_that_waits_for_a_processor_is_told_of_before_its_time_is_up(monkeypatch):
    """Whoever reads has a clock of its own, and would think that nothing comes any more."""
    starved = iter([0.0, 0.001, 0.003])
    monkeypatch.setattr(zygote, "_starved_s", lambda _: next(starved, 0.003))
    monkeypatch.setattr(zygote, "_COLLECTION_S", 0.0)
    (findings, nothing), (answers, control) = os.pipe(), os.pipe()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        timed_out = zygote._watch(control, findings, child.pid, 0.0)
        child.kill()
    for end in (findings, nothing, control):
        os.close(end)
    with os.fdopen(answers) as told:
        lines = told.read().splitlines()

    assert timed_out
    assert lines[:2] == ['{"starved": true}'] * 2
