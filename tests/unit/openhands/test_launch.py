from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spec_to_production import probes
from spec_to_production.errors import ServerStartError
from spec_to_production.openhands import launch
from spec_to_production.openhands.launch import Environment, Image

MODULE = ("openhands.agent_server", "--port", "1")


@pytest.fixture
def _secrets(monkeypatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    monkeypatch.setenv("LLM_API_KEY", "canary")
    monkeypatch.setenv("https_proxy", "http://proxy.test")


@pytest.mark.usefixtures("_secrets")
def test_the_servers_environment_is_what_it_needs_and_the_way_out():
    environment = Environment(Path("/opt/agent-server/bin/python"), root=Path("/root-of-its-own"))
    command = environment.command(MODULE, Path("/tmp"), {"HOME": "/h"}, None)
    assert "canary" not in command.env.values()
    assert command.env["https_proxy"] == "http://proxy.test"
    assert command.env["HOME"] == "/h"
    assert command.env["PATH"] == "/opt/agent-server/bin:/usr/local/bin:/usr/bin:/bin"


def test_the_agent_is_the_user_that_it_is_given():
    command = Environment(Path("/p"), root=Path("/r")).command(MODULE, Path("/tmp"), {}, 4711)
    user = command.arguments.index("setpriv")
    assert "--reuid=4711" in command.arguments[user:]
    assert command.arguments[-4:] == ("-m", *MODULE)


def test_what_only_tries_something_does_not_fail_by_ctrl_c():
    # Ctrl-C goes to all of a process group. Who leads one of its own does not get it.
    own_group = "import os, sys; sys.exit(os.getpgrp() != os.getpid())"
    assert probes.succeeds([sys.executable, "-c", own_group])


def test_a_folder_that_the_agent_cannot_enter_is_an_error(monkeypatch):
    monkeypatch.setattr(launch, "reachable", lambda _: False)
    with pytest.raises(ServerStartError, match="/closed"):
        Environment(Path("/p")).command(MODULE, Path("/closed"), {}, None)


@pytest.mark.usefixtures("_secrets")
def test_a_container_gets_its_variables_by_a_private_file_and_no_others(tmp_path):
    command = Image("a-tag").command(MODULE, tmp_path, {"KEY": "s3cret"}, None)
    assert not any("s3cret" in argument for argument in command.arguments)
    assert (tmp_path / "environment").read_text() == "KEY=s3cret\n"
    assert (tmp_path / "environment").stat().st_mode & 0o077 == 0
    assert not any(argument.startswith("--env=") for argument in command.arguments)
    assert "--cap-drop=ALL" in command.arguments
    assert not any("docker.sock" in argument for argument in command.arguments)
