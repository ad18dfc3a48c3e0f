"""What an agent can reach that does nothing but attack, inside the real agent server."""

import json
import shutil
import threading
import time
import uuid
from dataclasses import replace

import pytest
from pydantic import SecretStr

from security.conftest import ATTACKER, canary, needs_root
from spec_to_production.gateway import Budget, Gateway, find_provider
from spec_to_production.openhands import EmbeddedServer
from spec_to_production.openhands.interface import Assignment
from spec_to_production.settings import cache_folder
from spec_to_production.snapshot import Snapshot, git

# An agent needs the network, and the jobs of one run share their user: docs/security.md says so.
NOT_AN_AGENTS = "reach the network,copy of another job"
PATIENCE_S = 240
MOST_REQUESTS = 40


@pytest.fixture
def gateway(recorded_model):
    provider = find_provider(recorded_model.model.name, recorded_model.base_url)
    opened = Gateway(provider, SecretStr(canary("llm")), Budget(requests=MOST_REQUESTS))
    yield opened
    opened.close()


@pytest.fixture
def server(open_folder):
    started = EmbeddedServer.start(open_folder / "openhands", cache_folder(), print)
    started.wait_until_ready()
    yield started
    started.close()


@pytest.fixture
def hostile_base(tmp_path, job, open_folder):
    """A checkout that brings the attack along, as a pull request could."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    git("init", "--quiet", cwd=checkout)
    shutil.copy(ATTACKER, checkout)
    targets = job.targets(
        run_folder=str(open_folder),
        snapshot_file=str(open_folder / "base" / "attempts.py"),
        model="recorded-test",
        most_requests=str(MOST_REQUESTS),
        left_out=NOT_AN_AGENTS,
    )
    (checkout / "targets.json").write_text(json.dumps(targets))
    return Snapshot.take(checkout, open_folder / "base").path


@pytest.fixture
def agent(server, recorded_model, gateway):
    """Runs commands in a job's terminal; gives its conversation when it has ended."""

    def work(base, *commands):
        steps = [{"terminal": command} for command in commands]
        output = recorded_model.record(*steps, {"finish": "done"})
        prompt = f"Working directory: {{{{WORKING_DIR}}}}\nOutput file: {output}\n"
        model = replace(recorded_model.model, api_key=gateway.key, base_url=gateway.address)
        conversation = uuid.uuid4()
        server.create(Assignment(conversation, prompt, model, 30), base)
        deadline = time.monotonic() + PATIENCE_S
        while server.states([conversation])[conversation].status in ("idle", "running"):
            assert time.monotonic() < deadline
            threading.Event().wait(0.2)
        return conversation

    return work


@needs_root
def test_nothing_of_the_job_is_in_reach(agent, gateway, hostile_base, open_folder, attack):
    conversation = agent(
        hostile_base, "python3 -u attempts.py targets.json 2>&1 | tee outcomes.jsonl", "wait"
    )

    copy = open_folder / "openhands" / "copies" / conversation.hex
    attack("agent", (copy / "outcomes.jsonl").read_text().splitlines(), least=45)
    assert gateway.budget.spent.requests == MOST_REQUESTS
