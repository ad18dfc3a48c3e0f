"""Retries are nobody's business but ours: neither front lets them be printed."""

from __future__ import annotations

import pytest
import stamina
from click.testing import CliRunner

from spec_to_production import action, cli


@pytest.mark.parametrize(
    "front",
    [
        lambda: CliRunner().invoke(cli.main, ["run", "--spec", "nowhere.md"]),
        lambda: action.main({}),
    ],
    ids=["command", "action"],
)
def test_a_retry_is_not_printed(caplog, front):
    stamina.instrumentation.set_on_retry_hooks(None)
    front()
    with stamina.set_testing(testing=True, attempts=2), pytest.raises(OSError, match="again"):
        _always_fails()

    assert not caplog.records


@stamina.retry(on=OSError)
def _always_fails():
    raise OSError("again")
