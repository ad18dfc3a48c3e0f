"""A second run on what did not change: no job, no server, and every answer looked at again."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from spec_to_production import backend, engine
from spec_to_production.assembly import Assembly
from spec_to_production.attestation import Attestations
from spec_to_production.errors import SandboxError
from spec_to_production.generation.journal import Journal
from spec_to_production.generation.memory import Memory
from spec_to_production.openhands import RemoteServer, cloud
from spec_to_production.openhands.interface import Assignment
from spec_to_production.progress import Lines
from spec_to_production.results import GeneratedFile, WorkflowResult
from spec_to_production.settings import Settings, from_options
from spec_to_production.snapshot import git
from spec_to_production.workflow import Workflow

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
    quick = {"enable-refactoring": "false", "flake-bound": "0.5"}
    options = {**given, **quick, "cache-dir": "../kept"}
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
    assert not (tmp_path / "kept" / "attestations").exists()  # no key, no seal


def test_what_a_killed_run_left_on_a_server_is_deleted_though_all_answers_are_known(
    settings, tmp_path, agent_server, recorded_model
):
    """It was killed as it judged: every answer was there, and no conversation deleted yet."""
    root, http = tmp_path / "checkout", agent_server._client._http
    address, key = str(http.base_url), SecretStr(http.headers["X-Session-API-Key"])
    there = settings.model_copy(update={"openhands_url": address, "openhands_api_key": key})
    plan = engine.make_plan(there, root)
    (task,) = plan.tasks
    left = uuid.uuid4()
    prompt = f"Output file: {recorded_model.record({'finish': 'done'})}\n"
    killed = RemoteServer(address, key)
    killed.create(Assignment(left, prompt, recorded_model.model, 9), root)
    killed._client.close()
    journal = Memory(tmp_path / "kept", print).journal(
        plan.tasks, plan.snapshot.commit, resume=True
    )
    journal.answered(task, left, [GeneratedFile(path=task.output_path, content=TEST)])
    journal.close()

    result = engine.run(there, root, env=dict(os.environ), display=Lines(print))

    assert [test.verdict for test in result.verification.tests] == ["accepted"]
    assert agent_server.states([left]) == {left: None}


@dataclass
class Again:
    """Runs on a checkout whose one task has an answer."""

    settings: Settings
    root: Path
    kept: Path

    def run(self, **changes: object) -> WorkflowResult:
        """One run; what it told is in ``told``."""
        self.told: list[str] = []
        given = self.settings.model_copy(update=changes)
        return engine.run(given, self.root, env=dict(os.environ), display=Lines(self.told.append))

    def answer(self, test: str) -> None:
        """Have the answer to the task in the cache."""
        (task,) = engine.make_plan(self.settings, self.root).tasks
        file = GeneratedFile(path=task.output_path, content=test)
        Memory(self.kept, print).keep(task, [file])


@pytest.fixture
def again(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "start", lambda *_: pytest.fail("a server was started"))
    key = SecretStr("a key of the usual length")
    with_key = settings.model_copy(update={"llm_api_key": key})
    runs = Again(with_key, tmp_path / "checkout", tmp_path / "kept")
    runs.answer(TEST)
    return runs


def test_a_sandbox_that_a_killed_run_had_rented_is_given_back_though_all_answers_are_known(
    again, monkeypatch
):
    given_back = []

    def give_back(key, rentals, _):
        (left,) = rentals.left()
        rentals.end(left)
        given_back.append((key, left))

    monkeypatch.setattr(cloud, "give_back", give_back)
    key = SecretStr("of the cloud")
    rented = {"openhands_url": "cloud", "openhands_api_key": key}
    again.settings = again.settings.model_copy(update=rented)
    again.answer(TEST)
    (again.kept / "sandboxes").mkdir()
    (again.kept / "sandboxes" / "left-behind").touch()
    monkeypatch.setattr(Workflow, "run", lambda run, mode: run.result(mode))

    again.run()

    assert given_back == [(key, "left-behind")]


def apart_from_times(result: WorkflowResult) -> dict[str, object]:
    told = {"started_at", "wall_ms", "stage_timings", "measured_at"}
    return result.model_dump(exclude=told | {"jobs"}, exclude_computed_fields=True)


def test_a_run_on_what_did_not_change_runs_the_tests_once_and_says_when_they_were_judged(again):
    first, second = again.run(), again.run()

    assert first.measured_at is None
    assert second.measured_at == first.started_at
    assert apart_from_times(second) == apart_from_times(first)
    assert any("once more, in a new order" in line for line in again.told)
    assert not any("mutants" in line for line in again.told)


def test_findings_are_of_this_content_alone(again, monkeypatch):
    asked = []
    monkeypatch.setattr(Attestations, "find", lambda _, key: asked.append(key))
    monkeypatch.setattr(Workflow, "run", lambda run, mode: run._recall() or run.result(mode))

    again.run()
    again.run(llm_api_key=SecretStr("another of the usual length"), output="elsewhere")
    again.run(flake_bound=0.2)
    again.run(test_timeout=9.0)
    again.run(target="staging")
    again.answer(TEST + "\n")
    again.run()
    (again.root / "README.md").write_text("A test could read this.")
    again.run()

    assert asked[0] == asked[1]
    assert len(set(asked[1:])) == len(asked[1:]) == 6


def test_tests_that_do_not_end_as_they_did_are_judged_anew(again):
    judged = again.run()
    (file,) = (again.kept / "attestations").iterdir()
    attestations = Attestations(again.kept, "a key of the usual length", print)
    known = attestations.find(file.name)
    (test,) = judged.verification.tests
    other = test.model_copy(update={"verdict": "disputed"})
    verification = known.verification.model_copy(update={"tests": (other,)})
    attestations.keep(file.name, known.model_copy(update={"verification": verification}))

    result = again.run()

    assert result.measured_at is None
    assert [test.verdict for test in result.verification.tests] == ["accepted"]
    assert any("do not end as they did" in line for line in again.told)


def test_a_run_in_which_something_went_wrong_leaves_no_findings(again, monkeypatch):
    def broken(*_: object) -> None:
        raise SandboxError("no room")

    monkeypatch.setattr(Assembly, "_gates", broken)
    again.run()

    assert not (again.kept / "attestations").exists()


@pytest.mark.parametrize(
    ("owner", "step", "error"),
    [
        (Memory, "learn", ZeroDivisionError("nobody thought of it")),
        (Assembly, "attest", OSError(5, "Input/output error")),
        (Assembly, "attest", SandboxError("no room")),
        (Journal, "remove", PermissionError(13, "Permission denied")),
    ],
)
def test_what_cannot_be_kept_for_later_runs_is_noted_and_costs_no_result(
    again, monkeypatch, owner, step, error
):
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(Workflow, "run", lambda run, mode: run.result(mode))
    monkeypatch.setattr(owner, step, broken)

    result = again.run()

    (note,) = result.problems
    assert (note.level, result.errors) == ("note", ())
    assert error.args[-1] in note.message
    assert ("Internal error" in note.message) is isinstance(error, ZeroDivisionError)
