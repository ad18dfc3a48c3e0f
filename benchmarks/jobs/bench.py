"""Measure the jobs layer: its own cost with many tasks, and how much of the model's time it hides.

    python benchmarks/jobs/bench.py [scale] [notice] [overlap] [cache]

``scale`` runs 500 tasks against four stand-in servers in this process and tells memory and CPU of
the tool itself. ``notice`` has jobs of several lengths end on a stand-in server and tells how late
that was seen, and by how many looks. ``overlap`` runs equal jobs, whose recorded model takes its
time, on the real agent server: with a bare client that only fires and waits, with the tool, and
with the tool one by one. ``cache`` runs the demo twice, the second time with what the first one
left in ``cache-dir``. The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from pydantic import SecretStr  # noqa: E402

from spec_to_production.openhands import EmbeddedServer, Fleet, OpenHands  # noqa: E402
from spec_to_production.openhands.interface import Assignment, Model, State  # noqa: E402
from spec_to_production.results import Usage  # noqa: E402
from spec_to_production.settings import cache_folder  # noqa: E402
from spec_to_production.snapshot import Snapshot, git  # noqa: E402
from support.jobs import RecordingFolder, record_test, run_jobs  # noqa: E402
from support.openhands import Script, StandInOpenHands  # noqa: E402

TASKS, SERVERS = 500, 4
MOST_MIB, MOST_CPU_MS = 150, 5.0
LENGTHS_S = (1.3, 3.7, 11.2, 40.4)
JOBS, ONE_BY_ONE, MODEL_S = 6, 2, 20.0
MOST_OF_FIRST = 0.15
MOST_OF_BARE, LEAST_OF_IDEAL = 1.10, 0.90


def main(parts: Sequence[str]) -> int:
    """Run the parts (all when none is named); 1 when a bar is missed."""
    known: dict[str, Callable[[Path], bool]] = {
        "scale": scale,
        "notice": notice,
        "overlap": overlap,
        "cache": cache,
    }
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


def notice(folder: Path) -> bool:
    """How long after its end a job is seen, at the poll interval that is the default."""
    outputs = {f"tests/test_{length:g}.py": length for length in LENGTHS_S}
    server = _Timed(outputs)
    base = _base(folder / "notice")
    run_jobs(Fleet([server]), Model("m"), base, [*outputs], max_parallel=64, poll_interval_s=2)
    told = ", ".join(f"{late:.2f} s after {length:g} s" for length, late in server.late_s.items())
    print(f"notice   {told}; {server.looks} looks in {max(LENGTHS_S):g} s")
    return all(late <= max(1, 0.02 * length) for length, late in server.late_s.items())


def overlap(folder: Path) -> bool:
    """Wall time as a ratio to a bare client's, and the speed-up over one job after another."""
    base = _base(folder / "overlap")
    answers = folder / "answers"
    answers.mkdir()
    server = EmbeddedServer.start(folder / "openhands", cache_folder(), print)
    try:
        server.wait_until_ready()
        with _recorded_model().serving(answers) as address:
            key = SecretStr("recorded-answers-need-no-key")
            model = Model("openai/recorded-bench", key, address)
            recordings = RecordingFolder(answers)
            slow = [{"delay": MODEL_S}]
            new = lambda count: [record_test(recordings, before=slow) for _ in range(count)]  # noqa: E731
            bare = _bare_client(server, model, base, new(JOBS))
            together = run_jobs(server, model, base, new(JOBS), max_parallel=JOBS)
            one_by_one = run_jobs(server, model, base, new(ONE_BY_ONE), max_parallel=1)
    finally:
        server.close()
    of_bare = together.seconds / bare
    one = one_by_one.seconds / ONE_BY_ONE
    of_ideal = one / together.seconds
    print(
        f"overlap  {JOBS} jobs of {MODEL_S:g} s: bare {bare:.1f} s, tool {together.seconds:.1f} s "
        f"({of_bare:.2f} x), one by one {one:.1f} s a job ({of_ideal:.2f} of ideal)"
    )
    return of_bare <= MOST_OF_BARE and of_ideal >= LEAST_OF_IDEAL


def cache(folder: Path) -> bool:
    """The demo's time on what an earlier run left, as a share of the time without."""
    first, second = (_demo(folder, name) for name in ("first", "second"))
    fired = sum(job["conversation_id"] is not None for job in second["jobs"])
    share = second["wall_ms"] / first["wall_ms"]
    judging = second["stage_timings"]["verification"]["busy_ms"] / first["wall_ms"]
    print(
        f"cache    {first['wall_ms'] / 1000:.0f} s, then {second['wall_ms'] / 1000:.0f} s "
        f"({share:.0%}) and {fired} conversations; verification alone is {judging:.0%}"
    )
    return fired == 0 and share <= MOST_OF_FIRST


def _demo(folder: Path, name: str) -> Any:  # noqa: ANN401
    options = [f"--output={folder / name}", f"--cache-dir={folder / 'kept'}"]
    demo = [sys.executable, str(ROOT / "examples" / "demo.py"), *options]
    subprocess.run(demo, cwd=ROOT, check=False, capture_output=True)
    return json.loads((folder / name / "report.json").read_text("utf-8"))


class _ByOutput(StandInOpenHands):
    """Finds the script by the task's output file; the first look says running."""

    def create(self, assignment: Assignment, _: Path) -> None:
        output = assignment.prompt.split("Output file: ")[1].strip()
        with self._lock:
            self.running[assignment.conversation_id] = self._scripts[output]
            self.files[assignment.conversation_id] = dict(self._scripts[output].files)


class _Timed(StandInOpenHands):
    """Its conversations finish after their time; it knows how late their files are fetched."""

    def __init__(self, lengths_s: Mapping[str, float]) -> None:
        super().__init__({})
        self._lengths_s = lengths_s
        self._ends: dict[uuid.UUID, tuple[str, float]] = {}
        self.late_s: dict[float, float] = {}
        self.looks = 0

    def create(self, assignment: Assignment, _: Path) -> None:
        output = assignment.prompt.split("Output file: ")[1].strip()
        conversation = assignment.conversation_id
        self.running[conversation] = Script()
        self.files[conversation] = {output: "def test(): pass\n"}
        self._ends[conversation] = output, time.monotonic() + self._lengths_s[output]

    def states(self, conversations: Sequence[uuid.UUID]) -> dict[uuid.UUID, State | None]:
        self.looks += 1
        now = time.monotonic()
        done = {each: now >= self._ends[each][1] for each in conversations}
        return {
            each: State("finished" if done[each] else "running", Usage()) for each in conversations
        }

    def patch(self, conversation: uuid.UUID) -> str:
        output, end = self._ends[conversation]
        self.late_s[self._lengths_s[output]] = time.monotonic() - end
        return super().patch(conversation)


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
