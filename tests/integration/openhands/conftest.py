"""Jobs on the agent server, as short as a test wants to write them."""

from __future__ import annotations

import os
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from spec_to_production.openhands import CloudServer, OpenHands, RemoteServer, SeparateServers
from spec_to_production.openhands.interface import Assignment, Model, State
from spec_to_production.openhands.rentals import Rentals
from spec_to_production.settings import cache_folder
from spec_to_production.snapshot import Snapshot, git
from support.cloud import KEY, cloud

GOING_ON = ("idle", "running", "unknown")
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has users to give")


def wait_until(condition: Callable[[], object], within_s: float = 60) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        threading.Event().wait(0.05)


@dataclass(frozen=True)
class Jobs:
    server: OpenHands
    model: Model
    base: Path

    def assignment(self, output: str, max_iterations: int = 20) -> Assignment:
        prompt = f"Working directory: {{{{WORKING_DIR}}}}\nOutput file: {output}\n"
        return Assignment(uuid.uuid4(), prompt, self.model, max_iterations)

    def start(self, output: str, max_iterations: int = 20) -> uuid.UUID:
        assignment = self.assignment(output, max_iterations)
        self.server.create(assignment, self.base)
        return assignment.conversation_id

    def state(self, job: uuid.UUID) -> State:
        state = self.server.states([job])[job]
        assert state is not None
        return state

    def ended(self, job: uuid.UUID) -> State:
        wait_until(lambda: self.state(job).status not in GOING_ON)
        return self.state(job)


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> Path:
    checkout = tmp_path_factory.mktemp("checkout")
    git("init", "--quiet", cwd=checkout)
    (checkout / "area.py").write_text("def area(a, b):\n    return a * b\n")
    (checkout / "tests").mkdir()
    (checkout / "tests" / "test_area.py").write_text("def test_nothing(): pass\n")
    return Snapshot.take(checkout, tmp_path_factory.mktemp("base") / "base").path


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Waits for a condition, for a minute at most."""
    return wait_until


@pytest.fixture
def on(recorded_model, base) -> Callable[[OpenHands], Jobs]:
    """Jobs on a server of the test's own."""
    return lambda server: Jobs(server, recorded_model.model, base)


@pytest.fixture(scope="session")
def reached_at(agent_server) -> tuple[str, str]:
    """Address and session key of the one server."""
    http = agent_server._client._http
    return str(http.base_url), http.headers["X-Session-API-Key"]


PLACES = ["embedded", "remote", "cloud", pytest.param("separate", marks=only_root)]


@pytest.fixture(scope="session", params=PLACES)
def place(request) -> Iterator[OpenHands]:
    """The one server: as our child, as a server somewhere else, and in a sandbox of the Cloud.

    Also without it: each job on a server of its own.
    """
    if request.param == "separate":
        with tempfile.TemporaryDirectory(prefix="s2p-") as folder:
            Path(folder).chmod(0o711)
            started = SeparateServers.start(Path(folder, "openhands"), cache_folder(), print)
            with closing(started) as servers:
                yield servers
        return
    reached_at = request.getfixturevalue("reached_at")
    if request.param == "embedded":
        yield request.getfixturevalue("agent_server")
    elif request.param == "remote":
        address, key = reached_at
        with closing(RemoteServer(address, SecretStr(key))) as server:
            yield server
    else:
        with cloud(reached_at) as stand_in:
            key = SecretStr(KEY)
            rentals = Rentals(request.getfixturevalue("base").with_name("sandboxes"))
            with closing(CloudServer(key, lambda _: None, rentals, address=stand_in.url)) as server:
                yield server
        assert not stand_in.sandboxes


@pytest.fixture
def jobs(place, recorded_model, base) -> Jobs:
    """Jobs at each of these places."""
    return Jobs(place, recorded_model.model, base)
