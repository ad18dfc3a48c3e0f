from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spec_to_production.errors import ServerStartError
from spec_to_production.openhands import installation
from spec_to_production.openhands.installation import (
    Installer,
    _Commands,
    _kept,
    _NotHere,
    price_lists,
)


@pytest.fixture
def commands() -> _Commands:
    return _Commands(threading.Event())


@pytest.fixture
def as_a_person(monkeypatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_when_nothing_works_one_error_names_each_way_and_why_it_failed(
    tmp_path, monkeypatch, as_a_person
):
    monkeypatch.delenv(installation.VARIABLE, raising=False)  # the action's image sets it
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with pytest.raises(ServerStartError) as caught:
        Installer(tmp_path / "cache", print).find(threading.Event())
    ways = caught.value.message.splitlines()[1:]
    assert [way.split(":")[0] for way in ways] == [
        "- a Python (3.12 or newer) of this machine",
        "- a Docker engine",
        "- Debian as root",
    ]
    assert "git is not installed" in ways[0]
    assert "docker" in ways[1]
    assert "not root" in ways[2]
    assert installation.VARIABLE in caught.value.hint


def test_a_python_that_is_only_a_shim_is_passed_over(tmp_path, monkeypatch, as_a_person):
    script(tmp_path / "shims" / "python3.13", "exit 127")
    real = script(tmp_path / "pyenv" / "versions" / "3.12.1" / "bin" / "python3", "exit 0")
    newer = script(tmp_path / "pyenv" / "versions" / "3.13.0" / "bin" / "python3", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert list(installation._pythons(os.environ)) == [newer, real]


def test_a_named_environment_is_used_as_it_is(tmp_path, monkeypatch, as_a_person):
    python = script(tmp_path / "bin" / "python", "exit 0")
    monkeypatch.setenv(installation.VARIABLE, str(tmp_path))
    assert Installer(tmp_path / "cache", print).find(threading.Event()).python == python
    assert not (tmp_path / "cache").exists()


def test_the_environment_that_is_passed_in_counts_not_that_of_the_process(
    tmp_path, monkeypatch, as_a_person
):
    monkeypatch.setenv(installation.VARIABLE, "/of/this/process")
    script(tmp_path / "bin" / "python", "exit 0")
    env = {installation.VARIABLE: str(tmp_path), "https_proxy": "http://proxy.test"}

    found = Installer(tmp_path / "cache", print, env=env).find(threading.Event())

    command = found.command(("a_module",), tmp_path, {}, None)
    assert command.env["https_proxy"] == "http://proxy.test"


def test_a_proxys_password_stays_here_and_that_is_told(tmp_path, as_a_person):
    script(tmp_path / "bin" / "python", "exit 0")
    env = {
        installation.VARIABLE: str(tmp_path),
        "HTTPS_PROXY": "http://me:p%40ss@proxy.test:3128",
        "http_proxy": "me:pass@word@proxy.test:3128",
        "https_proxy": "http://proxy.test",
    }
    told = []

    found = Installer(tmp_path / "cache", told.append, env=env).find(threading.Event())

    passed_on = found.command(("a_module",), tmp_path, {}, None).env
    assert passed_on["HTTPS_PROXY"] == "http://proxy.test:3128"
    assert passed_on["http_proxy"] == "proxy.test:3128"
    assert passed_on["https_proxy"] == "http://proxy.test"
    (warning,) = told
    assert "HTTPS_PROXY and http_proxy without user and password" in warning


def test_a_named_environment_that_does_not_run_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv(installation.VARIABLE, str(tmp_path))
    with pytest.raises(ServerStartError, match=str(tmp_path)):
        Installer(tmp_path / "cache", print).find(threading.Event())


def test_another_root_is_not_used_where_its_mounts_would_be_everybodys(tmp_path, monkeypatch):
    monkeypatch.delenv(installation.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    installer = Installer(tmp_path / "cache", print)
    installer._in_root.mkdir(parents=True)
    monkeypatch.setattr(installation, "namespaces", lambda: ("unshare",))
    assert installer.find(threading.Event()).root == installer._root
    monkeypatch.setattr(installation, "namespaces", tuple)
    with pytest.raises(ServerStartError, match="Debian as root: the kernel refuses mounts"):
        installer.find(threading.Event())


PRICES = "lib/python3.13/site-packages/litellm/model_prices_and_context_window_backup.json"


def test_prices_are_found_wherever_the_agent_server_was_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(installation, "_SYSTEM_CACHE", tmp_path / "system")
    places = [
        tmp_path / "cache/debian-1/opt/agent-server-2",
        tmp_path / "system/python-3",
        tmp_path / "cache/image-4",
    ]
    for age, place in enumerate(places):
        (place / PRICES).parent.mkdir(parents=True)
        (place / PRICES).touch()
        os.utime(place / PRICES, (100 - age, 100 - age))

    assert price_lists(tmp_path / "cache", {}) == [place / PRICES for place in places]
    named = {installation.VARIABLE: str(places[1])}
    assert price_lists(tmp_path / "cache", named) == [places[1] / PRICES]


def test_the_prices_of_an_image_are_kept_beside_it(tmp_path):
    """Docker itself is far away: this one runs the command on this machine instead."""
    inside = tmp_path / "opt/agent-server"
    (inside / PRICES).parent.mkdir(parents=True)
    (inside / PRICES).write_text("{}")
    script(
        tmp_path / "docker",
        "[ $1 = run ] || exit 0\n"
        "for each; do case $each in --volume=*) copy=${each#*=};; esac; command=$each; done\n"
        f'sh -c "$(echo "$command" | sed "s|/opt/agent-server|{inside}|; s|/copy|${{copy%:*}}|")"',
    )
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    Installer(tmp_path / "cache", print, env=env)._from_docker(_Commands(threading.Event(), env))

    assert [path.read_text() for path in price_lists(tmp_path / "cache", env)] == ["{}"]


def test_two_runs_at_once_make_it_once(tmp_path, commands):
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        folder.mkdir()
        (folder / "whole").touch()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: _kept(tmp_path / "it", make, commands), range(4)))
    assert set(found) == {tmp_path / "it"}
    assert len(made) == 1
    assert (tmp_path / "it" / "whole").exists()


def test_what_failed_half_way_is_made_anew(tmp_path, commands):
    def half(folder: Path) -> None:
        folder.mkdir()
        (folder / "half").touch()
        raise _NotHere("no space left")

    with pytest.raises(_NotHere):
        _kept(tmp_path / "it", half, commands)
    assert not (tmp_path / "it").exists()
    _kept(tmp_path / "it", Path.mkdir, commands)
    assert list((tmp_path / "it").iterdir()) == []


def test_a_command_that_fails_tells_its_output(commands):
    with pytest.raises(_NotHere, match="no such thing"):
        commands.run(["sh", "-c", "echo no such thing; exit 3"])


def test_the_end_of_the_run_ends_a_command(commands):
    threading.Timer(0.2, commands.stop.set).start()
    with pytest.raises(ServerStartError, match="ended"):
        commands.run(["sleep", "300"])


def test_installing_sees_no_secrets(commands, monkeypatch):
    monkeypatch.setenv("LLM_API_KEY", "canary")
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test")
    seen = commands.run(["env"])
    assert "canary" not in seen
    assert "http://proxy.test" in seen


def test_the_lock_is_found_and_has_hashes():
    assert "--hash=sha256:" in installation._lock().read_text()
