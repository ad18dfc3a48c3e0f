"""Measure the jobs layer: its own cost with many tasks, and how much of the model's time it hides.

    python benchmarks/jobs/bench.py [scale] [overlap]

``scale`` runs 500 tasks against four stand-in servers in this process and tells memory and CPU of
the tool itself. ``overlap`` runs equal jobs, whose recorded model takes its time, on the real agent
server: with a bare client that only fires and waits, with the tool, and with the tool one by one.
The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import importlib.util
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from pydantic import SecretStr  # noqa: E402

from spec_to_production.openhands import EmbeddedServer, Fleet, OpenHands  # noqa: E402
from spec_to_production.openhands.interface import Assignment, Model  # noqa: E402
from spec_to_production.settings import cache_folder  # noqa: E402
from spec_to_production.snapshot import Snapshot, git  # noqa: E402
from support.jobs import RecordingFolder, record_test, run_jobs  # noqa: E402
from support.openhands import Script, StandInOpenHands  # noqa: E402

TASKS, SERVERS = 500, 4
MOST_MIB, MOST_CPU_MS = 150, 5.0
JOBS, MODEL_S = 6, 8.0
MOST_OF_BARE, LEAST_OF_IDEAL = 1.10, 0.90


def main(parts: Sequence[str]) -> int:
    """Run the parts (all when none is named); 1 when a bar is missed."""
    known: dict[str, Callable[[Path], bool]] = {"scale": scale, "overlap": overlap}
    with tempfile.TemporaryDirectory(prefix="s2p-bench-") as folder:
        Path(folder).chmod(0o711)
        held = [known[part](Path(folder)) for part in parts or known]
    return 0 if all(held) else 1


def scale(folder: Path) -> bool:
    """The tool's own memory and CPU with many tasks."""
    base = _base(folder / "scale")
    outputs = [f"tests/test_{number}.py" for number in range(TASKS)]
    scripts = {output: Script(files={output: "def test(): pass\n"}) for output in outputs}
    fleet = Fleet([_ByOutput(scripts) for _ in range(SERVERS)])
    before = time.process_time()
    outcome = run_jobs(fleet, Model("m"), base, outputs, max_parallel=64)
    cpu_ms = (time.process_time() - before) * 1000 / TASKS
    fleet.close()
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    done = outcome.statuses.count("succeeded")
    print(f"scale    {done}/{TASKS} done, {mib:.0f} MiB at most, {cpu_ms:.1f} ms CPU a job")
    return done == TASKS and mib <= MOST_MIB and cpu_ms <= MOST_CPU_MS


def overlap(folder: Path) -> bool:
    """Wall time as a ratio to a bare client's, and the speed-up over one job after another."""
    base = _base(folder / "overlap")
    answers = folder / "answers"
    answers.mkdir()
    server = EmbeddedServer.start(folder / "openhands", cache_folder(), print)
    try:
        server.wait_until_ready()
        with _recorded_model().serving(answers) as address:
            model = Model("openai/recorded-bench", SecretStr("none"), address)
            recordings = RecordingFolder(answers)
            slow = [{"delay": MODEL_S}]
            new = lambda count: [record_test(recordings, before=slow) for _ in range(count)]  # noqa: E731
            bare = _bare_client(server, model, base, new(JOBS))
            together = run_jobs(server, model, base, new(JOBS), max_parallel=JOBS)
            one_by_one = run_jobs(server, model, base, new(JOBS), max_parallel=1)
    finally:
        server.close()
    of_bare = together.seconds / bare
    of_ideal = one_by_one.seconds / together.seconds / JOBS
    print(
        f"overlap  {JOBS} jobs of {MODEL_S:g} s: bare {bare:.1f} s, tool {together.seconds:.1f} s "
        f"({of_bare:.2f} x), one by one {one_by_one.seconds:.1f} s ({of_ideal:.2f} of ideal)"
    )
    return of_bare <= MOST_OF_BARE and of_ideal >= LEAST_OF_IDEAL


class _ByOutput(StandInOpenHands):
    """Finds the script by the task's output file; the first look says running."""

    def create(self, assignment: Assignment, _: Path) -> None:
        output = assignment.prompt.split("Output file: ")[1].strip()
        with self._lock:
            self.running[assignment.conversation_id] = self._scripts[output]
            self.files[assignment.conversation_id] = dict(self._scripts[output].files)


def _bare_client(server: OpenHands, model: Model, base: Path, outputs: Sequence[str]) -> float:
    """Seconds until conversations that are only fired and waited for have ended."""
    started = time.monotonic()
    prompt = "Working directory: {{{{WORKING_DIR}}}}\nOutput file: {}\n"
    fired = [Assignment(uuid.uuid4(), prompt.format(each), model, 20) for each in outputs]
    with ThreadPoolExecutor(len(fired)) as pool:
        list(pool.map(lambda assignment: server.create(assignment, base), fired))
    ids = [assignment.conversation_id for assignment in fired]
    while any(state and state.status != "finished" for state in server.states(ids).values()):
        time.sleep(0.2)
    return time.monotonic() - started


def _base(folder: Path) -> Path:
    checkout = folder / "checkout"
    (checkout / "tests").mkdir(parents=True)
    (checkout / "area.py").write_text("def area(a, b):\n    return a * b\n")
    git("init", "--quiet", cwd=checkout)
    return Snapshot.take(checkout, folder / "base").path


def _recorded_model() -> Any:  # noqa: ANN401
    path = ROOT / "examples" / "recorded_model" / "server.py"
    spec = importlib.util.spec_from_file_location("recorded_model", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
