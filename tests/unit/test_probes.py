"""What is found out by trying tells nobody our environment."""

from __future__ import annotations

import os
import sys

import pytest

from spec_to_production import probes

ENVIRONMENT = [sys.executable, "-c", "import os; print(sorted(os.environ))"]


def test_a_command_says_what_it_says_and_sees_none_of_our_environment(monkeypatch):
    monkeypatch.setenv("API_KEY", "secret")
    said = probes.said(ENVIRONMENT)
    assert "'PATH'" in said
    assert "API_KEY" not in said


def test_a_command_may_get_another_environment():
    assert probes.said(ENVIRONMENT, env={"HOME": "/", "PATH": "/"}).startswith("['HOME',")


@pytest.mark.parametrize("command", [["/no/such/program"], [sys.executable, "-c", "exit(1)"]])
def test_what_fails_or_is_not_there_says_nothing(command):
    assert not probes.succeeds(command)
    assert probes.said(command) is None


def test_what_is_refused_before_it_starts_fails():
    def refuse() -> None:
        raise OSError

    assert not probes.succeeds(["true"], first=refuse)
    assert probes.succeeds(["true"], first=lambda: os.chdir("/"))


def test_locales_differ_from_the_usual_one(tmp_path, monkeypatch):
    program = tmp_path / "locale"
    program.write_text(
        "#!/bin/sh\necho C\necho C.utf8\necho en_US.utf8\necho de_DE.utf8\necho fr\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    probes.locales.cache_clear()
    assert probes.locales() == ("C", "de_DE.utf8")
    monkeypatch.setenv("PATH", "/nowhere")
    assert probes.locales() == ("C", "de_DE.utf8"), "asked once"
    probes.locales.cache_clear()
    assert probes.locales() == ("C",)
    probes.locales.cache_clear()
