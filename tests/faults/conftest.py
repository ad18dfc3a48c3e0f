from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from integration.conftest import agent_server, recorded_model
from integration.openhands.conftest import base
from spec_to_production.openhands import EmbeddedServer
from support.faulty_proxy import FaultyProxy, faulty_proxy

Row = tuple[str, str, str, str]
ROWS = pytest.StashKey[list[Row]]()

__all__ = ["agent_server", "base", "recorded_model"]


@pytest.fixture
def proxy(agent_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    url, now = agent_server._client._http.base_url, time.time
    with faulty_proxy(url.host, url.port) as proxy:
        monkeypatch.setattr(time, "time", lambda: now() + proxy.skew_s)
        yield proxy


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[Row]:
    """Takes fault, phase, outcome and time of each case; printed at the end."""
    return request.config.stash.setdefault(ROWS, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for fault, phase, outcome, seconds in [
        ("fault", "phase", "outcome", "time"),
        *config.stash.get(ROWS, []),
    ]:
        terminalreporter.write_line(f"{fault:16} {phase:8} {outcome:40} {seconds:>7}")
