"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
# Attackers use up all that a user may have and knock at every port; what these find is a table.
ALONE = ("security", "faults")
# What takes long to set up, or is fetched into a cache, is so once, for all who use it.
TOGETHER = {
    "agent server": ("integration/openhands", "integration/generation"),
    "GitHub": ("integration/github",),
    "browser": ("integration/reporting",),
    "demo": ("e2e/test_demo.py",),
}

# Tests assert no duration, and a busy machine is no fault of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)  # before the processes learn who belongs together
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs while no other test does, and what stays in one of several processes."""
    for item in items:
        where = item.path.relative_to(TESTS)
        if any(map(where.is_relative_to, ALONE)):
            item.add_marker(pytest.mark.alone)
        for name, places in TOGETHER.items():
            if any(map(where.is_relative_to, places)):
                item.add_marker(pytest.mark.xdist_group(name))
