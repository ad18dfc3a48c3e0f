"""What an agent can reach that does nothing but attack, inside the real agent server."""

import json
import shutil
import threading
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from security.conftest import ATTACKER, canary, needs_root
from spec_to_production.gateway import Gateway, Purse, find_provider
from spec_to_production.openhands import SeparateServers
from spec_to_production.openhands.interface import Assignment, Model
from spec_to_production.settings import cache_folder
from spec_to_production.snapshot import Snapshot, git

NOT_AN_AGENTS = "reach the network"  # it needs it: docs/security.md says so
PATIENCE_S = 240
MOST_REQUESTS = 40


@pytest.fixture
def gateway(recorded_model):
    provider = find_provider(recorded_model.model.name, recorded_model.base_url)
    opened = Gateway(provider, SecretStr(canary("llm")), Purse(requests=MOST_REQUESTS))
    yield opened
    opened.close()


@dataclass
class Agents:
    """Conversations whose agents run commands in their terminals."""

    servers: SeparateServers
    recorded: object
    model: Model
    folder: Path

    def start(self, base, *commands):
        """Give an agent its commands; gives its conversation and its copy of the base."""
        steps = [{"terminal": command} for command in commands]
        output = self.recorded.record(*steps, {"finish": "done"})
        prompt = f"Working directory: {{{{WORKING_DIR}}}}\nOutput file: {output}\n"
        conversation = uuid.uuid4()
        self.servers.create(Assignment(conversation, prompt, self.model, 30), base)
        (copy,) = (self.folder / "openhands").glob(f"*/copies/{conversation.hex}")
        return conversation, copy

    def await_end(self, conversation):
        deadline = time.monotonic() + PATIENCE_S
        going_on = ("idle", "running", "unknown")
        while self.servers.states([conversation])[conversation].status in going_on:
            assert time.monotonic() < deadline
            threading.Event().wait(0.2)


@pytest.fixture
def agents(recorded_model, gateway, open_folder):
    servers = SeparateServers.start(open_folder / "openhands", cache_folder(), print)
    model = replace(recorded_model.model, api_key=gateway.key, base_url=gateway.address)
    yield Agents(servers, recorded_model, model, open_folder)
    servers.close()


def base_of(folder, *files):
    """A checkout with these files, as a pull request could bring them."""
    checkout = folder / "checkout"
    checkout.mkdir(parents=True)
    git("init", "--quiet", cwd=checkout)
    for file in files:
        shutil.copy(file, checkout)
    return Snapshot.take(checkout, folder / "base").path


@pytest.fixture
def targets(agents, gateway, job, tmp_path, open_folder):
    """What to aim at; another job of the same run, in the middle of its work, is there, too."""
    _, other_copy = agents.start(base_of(open_folder / "other", __file__), "sleep 300")
    file = tmp_path / "targets.json"
    known = job.targets(
        run_folder=str(open_folder),
        snapshot_file=str(open_folder / "own" / "base" / ATTACKER.name),
        other_copy=str(other_copy / Path(__file__).name),
        gateway_address=gateway.address,
        gateway_key=gateway.key.get_secret_value(),
        model="recorded-test",
        most_requests=str(MOST_REQUESTS),
        left_out=NOT_AN_AGENTS,
    )
    file.write_text(json.dumps(known))
    return file


@needs_root
def test_nothing_of_the_job_is_in_reach(agents, gateway, targets, open_folder, attack):
    conversation, copy = agents.start(
        base_of(open_folder / "own", ATTACKER, targets),
        f"python3 -u {ATTACKER.name} targets.json 2>&1 | tee outcomes.jsonl",
        "wait",
    )
    agents.await_end(conversation)

    attack("agent", (copy / "outcomes.jsonl").read_text().splitlines(), least=50)
    assert gateway.purse.spent.requests == MOST_REQUESTS
