from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integration.conftest import agent_server, open_folder, recorded_model
from integration.openhands.conftest import base
from spec_to_production.openhands import EmbeddedServer
from support.faulty_proxy import FaultyProxy, faulty_proxy
from support.jobs import Outcome
from support.leftovers import nothing_more, traces

Row = tuple[str, str, str, str]
ROWS = pytest.StashKey[list[Row]]()

__all__ = ["agent_server", "base", "open_folder", "recorded_model"]


@pytest.fixture(autouse=True)
def _nothing_is_left(
    agent_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Of no case: no process, open port, conversation, or file."""
    with tempfile.TemporaryDirectory(prefix="s2p-") as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        before = traces(agent_server, Path(folder))
        yield
        left = nothing_more(lambda: traces(agent_server, Path(folder)), than=before)
        assert not left


@pytest.fixture
def proxy(agent_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    url, now = agent_server._client._http.base_url, time.time
    with faulty_proxy(url.host, url.port) as proxy:
        monkeypatch.setattr(time, "time", lambda: now() + proxy.skew_s)
        yield proxy


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Callable[[str, str, Outcome], None]:
    """Takes fault, phase and outcome of each case; printed at the end."""
    rows = request.config.stash.setdefault(ROWS, [])

    def add(fault: str, phase: str, outcome: Outcome) -> None:
        told = Counter(
            f"{job.status}{f' ({job.cause})' if job.cause else ''}" for job in outcome.jobs
        )
        row = ", ".join(f"{count} {what}" for what, count in sorted(told.items()))
        rows.append((fault, phase, row, f"{outcome.seconds:.1f} s"))

    return add


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash.get(ROWS, [])
    for fault, phase, outcome, seconds in [("fault", "phase", "outcome", "time"), *rows]:
        terminalreporter.write_line(f"{fault:20} {phase:16} {outcome:44} {seconds:>7}")
    if os.environ.get("FAULTS") != "all":
        terminalreporter.write_line(f"{len(rows)} of the cases; make test-faults strikes all.")
