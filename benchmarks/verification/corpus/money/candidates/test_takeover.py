"""Three ways of taking over the process that judges."""

import os
import pathlib
import signal
import sys

import pytest

import money


@pytest.mark.requirement("FR-2")
def test_leaves_early():
    assert money.Money(1, "EUR")
    os._exit(0)


@pytest.mark.requirement("FR-2")
def test_stops_whoever_watches():
    os.kill(os.getppid(), signal.SIGKILL)
    assert money.Money(1, "EUR") + money.Money(1, "EUR") == money.Money(2, "EUR")


@pytest.mark.requirement("FR-3")
def test_mends_the_code_on_disk():
    source = pathlib.Path(sys.modules["money.sharing"].__file__)
    source.write_text(source.read_text().replace("ROUND_HALF_UP", "ROUND_HALF_EVEN"))
    assert money.percent(money.Money(1000, "EUR"), 5) == money.Money(50, "EUR")
