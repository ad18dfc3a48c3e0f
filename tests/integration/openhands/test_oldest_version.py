"""The contract of conversations, on the oldest agent server that is supported."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from integration.openhands import test_conversations as contract
from spec_to_production.openhands import EmbeddedServer, OpenHands, RemoteServer
from spec_to_production.openhands.installation import Installer
from spec_to_production.settings import cache_folder

pytestmark = pytest.mark.integration

LOCK = Path(__file__).parents[3] / "locks" / "agent-server-oldest.txt"


@pytest.fixture(scope="module")
def place() -> Iterator[OpenHands]:
    """Such a server as a user has it: at an address."""
    installer = Installer(cache_folder(), print, LOCK)
    with tempfile.TemporaryDirectory(prefix="s2p-") as folder:
        Path(folder).chmod(0o711)
        with closing(EmbeddedServer(Path(folder, "openhands"), installer.find)) as server:
            http = server._client._http
            key = SecretStr(http.headers["X-Session-API-Key"])
            with closing(RemoteServer(str(http.base_url), key)) as remote:
                yield remote


def test_it_is_the_oldest(place):
    assert place.version == "1.34.0"


def test_a_model_that_refuses_is_told_by_its_cause(jobs, recorded_model):
    contract.test_a_model_that_refuses_is_told_by_its_cause(jobs, recorded_model, 429, "rate_limit")


test_tokens = contract.test_tokens_are_counted_and_an_unknown_price_is_not_zero
test_stuck = contract.test_an_agent_that_repeats_itself_is_stuck
test_out_of_steps = contract.test_an_agent_that_does_not_come_to_an_end_runs_out_of_steps
test_further_message = contract.test_a_further_message_lets_the_agent_go_on
test_interrupt = contract.test_an_interrupt_ends_a_long_command_and_keeps_the_files
test_twice = contract.test_creating_twice_starts_once
test_changes = contract.test_changes_are_found_though_the_agent_commits_or_removes_the_repository
test_never_created = contract.test_a_job_that_was_never_created_has_no_state_and_no_patch
