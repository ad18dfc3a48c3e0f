from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.conftest import agent_server, recorded_model
from integration.openhands.conftest import base
from spec_to_production.openhands import EmbeddedServer
from support.faulty_proxy import FaultyProxy, faulty_proxy

__all__ = ["agent_server", "base", "recorded_model"]


@pytest.fixture
def proxy(agent_server: EmbeddedServer) -> Iterator[FaultyProxy]:
    url = agent_server._client._http.base_url
    with faulty_proxy(url.host, url.port) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Iterator[list[tuple[str, ...]]]:
    """Fault, phase, outcome and seconds; printed at the end."""
    rows: list[tuple[str, ...]] = []
    yield rows
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and rows:
        reporter.write_line(f"\n{'fault':16} {'phase':8} {'outcome':34} {'time':>7}")
        for fault, phase, outcome, seconds in rows:
            reporter.write_line(f"{fault:16} {phase:8} {outcome:34} {seconds:>7}")
