"""A second run on what did not change: no job, no server, and every answer judged again."""

from __future__ import annotations

import os

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


def test_a_run_whose_answers_are_known_starts_no_server(tmp_path, monkeypatch):
    root = tmp_path / "checkout"
    for path, text in {
        "spec.md": SPEC,
        "calc.py": '"""Sums."""\n\n\ndef add(a, b):\n    return a + b\n',
    }.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    git("init", "--quiet", cwd=root)
    given = {"spec": "spec.md", "component": "calc.py", "llm-model": "openai/none"}
    options = {**given, "cache-dir": "../kept", "enable-refactoring": "false"}
    settings = from_options(options, root, {})
    (task,) = engine.make_plan(settings, root).tasks
    Memory(tmp_path / "kept", print).keep(
        task, [GeneratedFile(path=task.output_path, content=TEST)]
    )
    monkeypatch.setattr(backend, "start", lambda *_: pytest.fail("a server was started"))

    result = engine.run(settings, root, env=dict(os.environ), display=Lines(print))

    (job,) = result.jobs
    assert (job.status, job.from_cache, job.conversation_id) == ("succeeded", True, None)
    assert [test.verdict for test in result.verification.tests] == ["accepted"]
