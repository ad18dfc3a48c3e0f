"""The disk of a run is full: what was there stays, what can't be done is told, nothing is left."""

from __future__ import annotations

import json
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from integration.generation.test_cache import TEST as SUM_TEST
from integration.generation.test_cache import settings
from spec_to_production import engine
from spec_to_production.errors import SpecToProductionError
from spec_to_production.generation.memory import Memory
from spec_to_production.openhands import EmbeddedServer, Fleet
from spec_to_production.progress import Lines
from spec_to_production.results import GeneratedFile, Task
from spec_to_production.settings import cache_folder
from support.jobs import TEST, record_test, run_jobs, task
from support.results import make_result
from support.small_disk import fill, needs_mounts, small_disk

pytestmark = [pytest.mark.integration, needs_mounts]

__all__ = ["settings"]

ALL = os.environ.get("FAULTS") == "all"
WHEN = ["from the start", "OpenHands job", ": submitted", ": collected"]
NO_ROOM = re.compile("No space left on device|disk is used up")


@pytest.fixture
def disk() -> Iterator[Path]:
    with small_disk() as disk:
        yield disk


def keyed(output: str) -> Task:
    return task(output).model_copy(update={"content_key": Path(output).stem})


@pytest.mark.skipif(not ALL, reason="takes a minute: make test-faults")
def test_jobs_whose_copies_find_no_room_fail_and_the_others_keep_what_they_have(
    disk, recorded_model, base, table
):
    outputs = [record_test(recorded_model) for _ in range(3)]
    full = threading.Event()

    def take_all(_: object) -> None:
        if not full.is_set():
            full.set()
            fill(disk)

    server = EmbeddedServer.start(disk / "openhands", cache_folder(), print)
    with closing(Fleet([server], patience_s=0)) as fleet:
        outcome = run_jobs(
            fleet, recorded_model.model, base, outputs, max_parallel=1, meanwhile=take_all
        )

    table("full disk", "copy", outcome)
    first, *others = outcome.jobs
    assert [file.content for file in first.files] == [TEST]
    assert [job.status for job in outcome.jobs] == ["succeeded", "failed", "failed"]
    assert all(job.cause and NO_ROOM.search(job.message) for job in others)


def test_a_memory_that_finds_no_room_costs_no_answer(
    disk, agent_server, recorded_model, base, table
):
    outputs = [record_test(recorded_model) for _ in range(3)]
    told: list[str] = []
    memory = Memory(disk / "kept", told.append)
    tasks = [keyed(output) for output in ("tests/test_known.py", *outputs)]
    known, *others = tasks
    files = [GeneratedFile(path=known.output_path, content=TEST)]
    memory.keep(known, files)
    fill(disk)

    with closing(memory.journal(others, "c0ffee", resume=True)) as journal:
        outcome = run_jobs(agent_server, recorded_model.model, base, outputs, journal=journal)
    for each, job in zip(others, outcome.jobs, strict=True):
        memory.keep(each, job.files)
    with pytest.raises(OSError, match="No space left"):
        memory.learn(make_result(jobs=tuple(outcome.jobs)))

    table("full disk", "memory", outcome)
    assert outcome.statuses == ["succeeded"] * 3
    assert any("journal cannot be written: [Errno 28]" in line for line in told)
    assert any("could not be kept in the cache: [Errno 28]" in line for line in told)
    assert memory.answers(tasks) == {known.id: tuple(files)}
    assert not list((disk / "kept").rglob("tmp*"))


@pytest.mark.parametrize("when", WHEN if ALL else WHEN[-1:])
def test_a_run_that_finds_no_room_says_so(  # noqa: PLR0917 - fixtures
    disk, settings, recorded_model, monkeypatch, tmp_path, when
):
    root = tmp_path / "checkout"
    (task,) = engine.make_plan(settings, root).tasks
    stem = Path(task.output_path).stem
    (recorded_model.folder / "sum.py").write_text(SUM_TEST)
    steps = [
        {"terminal": f"mkdir -p {Path(task.output_path).parent}"},
        {"create": {"path": task.output_path, "file": "sum.py"}},
        {"finish": "done"},
    ]
    (recorded_model.folder / f"{stem}.json").write_text(json.dumps(steps))
    model = recorded_model.model
    chosen = {
        "llm_model": model.name,
        "llm_api_key": model.api_key,
        "llm_base_url": model.base_url,
    }
    monkeypatch.setattr(tempfile, "tempdir", str(disk))

    def show(line: str) -> None:
        print(line)
        if when in line:
            fill(disk)

    if when == "from the start":
        fill(disk)
        with pytest.raises(SpecToProductionError, match="No space left on device"):
            engine.run(settings, root, env=dict(os.environ), display=Lines(show))
    else:
        result = engine.run(
            settings.model_copy(update=chosen), root, env=dict(os.environ), display=Lines(show)
        )
        print(
            result.model_dump_json(indent=1, include={"jobs", "problems", "fallback", "baseline"})
        )
        assert NO_ROOM.search(str(result.jobs) + str(result.problems))
    assert [path.name for path in disk.iterdir()] in ([], ["what others wrote"])
