"""What gateway and separation cost: a request for the model, a process of a test, the demo.

The demo is run once, on the real agent server, and what happens in it is counted: the share is
that of all requests and processes as if each had been waited for alone, so an upper bound. With
``--no-demo`` only the single costs are measured.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway import added_ms

from spec_to_production import cli
from spec_to_production.gateway import Gateway
from spec_to_production.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples"))

ROUNDS = 40
WAYS = ("users of their own", "users and namespaces of their own")
DEMO = (
    "run",
    "--spec=specs/calculator_operations.md",
    "--component=examples/calculator",
    "--async",
    "--poll-interval=0.5",
    "--fail-on=never",
)


def main() -> None:
    """Measure and print."""
    direct, per_request = added_ms()
    print(f"a request for the model: {direct:.2f} ms, the gateway adds {per_request:.2f} ms")
    plain, *added = process_ms()
    for ways, more in zip(WAYS, added, strict=True):
        print(f"a process: {plain:.1f} ms, {ways} add {more:.1f} ms")
    if "--no-demo" in sys.argv:
        return
    wall_s, counted = demo()
    requests, processes = counted["requests"], counted["processes"]
    print(f"the demo: {wall_s:.0f} s, {requests} requests, {processes} processes in the sandbox")
    for ways, more in zip(WAYS, added, strict=True):
        added_s = (requests * per_request + processes * more) / 1000
        print(f"of it for the gateway, {ways}: {added_s:.2f} s at most, {added_s / wall_s:.2%}")


def process_ms() -> tuple[float, float, float]:
    """Milliseconds from start to end of a process that does nothing: plain, and more in WAYS."""
    with tempfile.TemporaryDirectory(prefix="s2p-bench-") as folder:
        Path(folder).chmod(0o711)
        sandboxes = [Sandbox.prepare(Path(folder, name)) for name in ("plain", "users", "all")]
        plain, users, _ = sandboxes
        plain.__dict__.update(separate_user=False, marks=False, no_network=False)
        users.__dict__.update(no_network=False)
        taken: list[list[float]] = [[] for _ in sandboxes]
        for _ in range(ROUNDS):
            for sandbox, times in zip(sandboxes, taken, strict=True):
                started = time.perf_counter()
                sandbox.run(["true"], cwd=sandbox.home)
                times.append((time.perf_counter() - started) * 1000)
    alone, by_users, by_all = (statistics.median(times[2:]) for times in taken)
    return alone, by_users - alone, by_all - alone


def demo() -> tuple[float, Counter[str]]:
    """Seconds of one run, and how many requests and processes it had."""
    from recorded_model.server import serving  # noqa: PLC0415 - an example, no package

    counted: Counter[str] = Counter()
    _count(Sandbox, "start", counted, "processes")
    _count(Gateway, "pay", counted, "requests")
    os.chdir(ROOT)
    with (
        tempfile.TemporaryDirectory(dir=ROOT, prefix=".bench-") as output,
        serving(ROOT / "examples" / "answers") as address,
    ):
        os.environ |= {
            "LLM_MODEL": "openai/recorded-answers",
            "LLM_API_KEY": "recorded",
            "LLM_BASE_URL": address,
        }
        started = time.perf_counter()
        with contextlib.suppress(SystemExit):
            cli.main([*DEMO, f"--output={Path(output).name}"], standalone_mode=False)
        return time.perf_counter() - started, counted


def _count(of: type, name: str, counted: Counter[str], word: str) -> None:
    original: Callable[..., Any] = getattr(of, name)

    def counting(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        counted[word] += 1
        return original(*args, **options)

    setattr(of, name, counting)


if __name__ == "__main__":
    main()
