"""A second run on what did not change: no job, no server, and every answer judged again."""

from __future__ import annotations

import os
import uuid

import pytest

from spec_to_production import backend, engine
from spec_to_production.generation.memory import Memory
from spec_to_production.progress import Lines
from spec_to_production.results import GeneratedFile
from spec_to_production.settings import from_options
from spec_to_production.snapshot import git

pytestmark = pytest.mark.integration

SPEC = """# Sums

## Requirements

### FR-1: Sum
- **Priority**: High
- **Description**: `add` gives the sum of two numbers.
- **Acceptance Criteria**:
  - [ ] `add(2, 3)` is 5
"""
TEST = """import pytest
from calc import add

@pytest.mark.requirement("FR-1")
def test_sum():
    assert add(2, 3) == 5
"""


@pytest.fixture
def settings(tmp_path):
    """Those of a run that has a cache, on a checkout with one module."""
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "spec.md").write_text(SPEC)
    (root / "calc.py").write_text('"""Sums."""\n\n\ndef add(a, b):\n    return a + b\n')
    git("init", "--quiet", cwd=root)
    given = {"spec": "spec.md", "component": "calc.py", "llm-model": "openai/none"}
    options = {**given, "cache-dir": "../kept", "enable-refactoring": "false"}
    return from_options(options, root, {})


@pytest.mark.parametrize("known_from", ["cache", "journal"])
def test_a_run_whose_answers_are_known_starts_no_server(
    settings, tmp_path, monkeypatch, known_from
):
    root = tmp_path / "checkout"
    plan = engine.make_plan(settings, root)
    (task,) = plan.tasks
    files = [GeneratedFile(path=task.output_path, content=TEST)]
    memory = Memory(tmp_path / "kept", print)
    if known_from == "cache":
        memory.keep(task, files)
    else:
        journal = memory.journal(plan.tasks, plan.snapshot.commit, resume=True)
        journal.answered(task, uuid.uuid4(), files)
        journal.close()
    monkeypatch.setattr(backend, "start", lambda *_: pytest.fail("a server was started"))

    result = engine.run(settings, root, env=dict(os.environ), display=Lines(print))

    (job,) = result.jobs
    assert (job.status, job.from_cache, job.conversation_id) == ("succeeded", True, None)
    assert [test.verdict for test in result.verification.tests] == ["accepted"]
    assert not list((tmp_path / "kept" / "journals").iterdir())
