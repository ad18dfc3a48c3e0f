"""The contract of conversations, on the oldest agent server that is supported."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from integration.openhands import test_conversations as contract
from spec_to_production.openhands import CloudServer, EmbeddedServer, OpenHands, RemoteServer
from spec_to_production.openhands.installation import Installer
from spec_to_production.openhands.launch import Environment, Image, agent_uid
from spec_to_production.openhands.rentals import Rentals
from spec_to_production.settings import cache_folder
from support.cloud import KEY, cloud

pytestmark = pytest.mark.integration

LOCK = Path(__file__).parents[2] / "support" / "oldest" / "agent-server.txt"
OFFICIAL_CLIENT = """
import sys
from openhands.workspace import OpenHandsCloudWorkspace
cloud, key = sys.argv[1:]
with OpenHandsCloudWorkspace(cloud_api_url=cloud, cloud_api_key=key, working_dir="/tmp") as sandbox:
    print(sandbox.execute_command("echo $((6*7))").stdout)
"""


def install(stop: threading.Event) -> Environment | Image:
    return Installer(cache_folder(), print, LOCK).find(stop)


@pytest.fixture(scope="module")
def place() -> Iterator[OpenHands]:
    """Such a server as a user has it: at an address."""
    with tempfile.TemporaryDirectory(prefix="s2p-") as folder:
        Path(folder).chmod(0o711)
        with closing(EmbeddedServer(Path(folder, "openhands"), install)) as server:
            http = server._client._http
            key = SecretStr(http.headers["X-Session-API-Key"])
            with closing(RemoteServer(str(http.base_url), key)) as remote:
                yield remote


def test_it_is_the_oldest(place):
    assert place.version == "1.34.0"


def test_a_model_that_refuses_is_told_by_its_cause(jobs, recorded_model):
    contract.test_a_model_that_refuses_is_told_by_its_cause(jobs, recorded_model, 429, "rate_limit")


def test_we_ask_the_cloud_what_the_official_client_asks_it(place, open_folder):
    (open_folder / "official_client.py").write_text(OFFICIAL_CLIENT)
    open_folder.chmod(0o755)  # modules are found by listing
    http = place._client._http
    with cloud((str(http.base_url), http.headers["X-Session-API-Key"])) as stand_in:
        module = ("official_client", stand_in.url, KEY)
        settings = {"HOME": "/tmp", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        command = install(threading.Event()).command(module, open_folder, settings, agent_uid())
        with subprocess.Popen(
            command.arguments,
            env=command.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as official:
            assert "42" in official.stdout.read().split()
            official.stdin.close()
        theirs, stand_in.asked = stand_in.asked, []
        rentals = Rentals(open_folder / "sandboxes")
        with closing(CloudServer(SecretStr(KEY), print, rentals, address=stand_in.url)) as ours:
            ours.wait_until_ready()
        assert [what.partition("/api")[0] for what in theirs] == ["POST ", "GET ", "DELETE "]
        assert [without_id(what) for what in stand_in.asked] == list(map(without_id, theirs))


def without_id(asked: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "ID", asked)


test_tokens = contract.test_tokens_are_counted_and_an_unknown_price_is_not_zero
test_stuck = contract.test_an_agent_that_repeats_itself_is_stuck
test_out_of_steps = contract.test_an_agent_that_does_not_come_to_an_end_runs_out_of_steps
test_further_message = contract.test_a_further_message_lets_the_agent_go_on
test_interrupt = contract.test_an_interrupt_ends_a_long_command_and_keeps_the_files
test_twice = contract.test_creating_twice_starts_once
test_changes = contract.test_changes_are_found_though_the_agent_commits_or_removes_the_repository
test_never_created = contract.test_a_job_that_was_never_created_has_no_state_and_no_patch
