"""Tests by Hypothesis: the same examples in every run, however fast the machine is, or others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

_ABOUT_THE_MACHINE = ("too_slow", "differing_executors")


def settle(files: Iterable[str]) -> None:
    """Make chance and time no part of what these files test with Hypothesis.

    A profile gives the defaults, which each ``@given`` takes over where it stands, so it has to
    be there before the files are imported. What a test says in its own ``@settings`` holds.
    """
    if not any(b"hypothesis" in Path(file).read_bytes() for file in files):
        return
    with contextlib.suppress(ImportError):  # whoever needs it will say so
        from hypothesis import HealthCheck, settings  # noqa: PLC0415 - few need it

        settings.register_profile(
            "spec-to-production",
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[one for one in HealthCheck if one.name in _ABOUT_THE_MACHINE],
        )
        settings.load_profile("spec-to-production")


def is_property(item: pytest.Item) -> bool:
    """Whether a test tries examples."""
    return getattr(_function(item), "is_hypothesis_test", False) is True


def try_others(item: pytest.Item, number: int) -> None:
    """Have a property test try other examples, the same for the same number."""
    if is_property(item):
        from hypothesis import seed  # noqa: PLC0415 - few need it

        seed(number)(_function(item))


def _function(item: pytest.Item) -> Any:  # noqa: ANN401 - whatever pytest calls
    test = getattr(item, "obj", None)
    return getattr(test, "__func__", test)
