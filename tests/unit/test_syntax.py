"""Several threads read code at once."""

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spec_to_production import syntax

SOURCES = [path.read_text("utf-8") for path in Path(syntax.__file__).parent.glob("*.py")]


@pytest.fixture
def restless():
    """Threads change, and garbage is collected, at every opportunity."""
    switching, thresholds = sys.getswitchinterval(), gc.get_threshold()
    collect = lambda *_: sum(range(50))  # noqa: E731
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    gc.callbacks.append(collect)
    yield
    gc.callbacks.remove(collect)
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(switching)


@pytest.mark.usefixtures("restless")
def test_threads_do_not_disturb_each_other():
    with ThreadPoolExecutor(6) as pool:
        trees = list(pool.map(syntax.parse, SOURCES * 6))
    assert len(trees) == len(SOURCES) * 6
