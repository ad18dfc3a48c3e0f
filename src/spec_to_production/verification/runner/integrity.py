"""What a test left replaced: the component, the test runner or Python itself."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType

_RUNNER = {"pytest", "_pytest", "pluggy", "spec_to_production_runner", "unittest"}
_KINDS = (FunctionType, BuiltinFunctionType, type, staticmethod, classmethod, property)
_CONSTANTS = (bool, int, float, complex, str, bytes, tuple, frozenset)
_REBINDS = re.compile(
    r"^\s*global\s+(.+)|\.(\w+)\s*[-+*/|&]?=(?!=)|\b(setattr|globals|vars)\(", re.MULTILINE
)
_SET_BY_PYTEST = {"PYTEST_CURRENT_TEST", "PYTEST_VERSION"}
_PYTHONS_OWN = {"sys", "__main__", "os.path", "posixpath"}  # pytest itself changes sys

_STEERS_THE_RUNNER = ("PYTEST_", "PYTHON", "COVERAGE_", "LD_")

Fingerprint = dict[tuple[str, str], object]


def fingerprint(component: frozenset[str]) -> Fingerprint:
    """Every function, class and constant that a test has no business to rebind for good."""
    rebound = _rebound(component)
    named = {
        (name, where): value
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
        for where, value in _members(name, module, component, rebound)
    }
    steering = " ".join(
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(_STEERS_THE_RUNNER) and name not in _SET_BY_PYTEST
    )
    return {**named, ("os", "environ"): steering}


def _members(
    name: str, module: ModuleType, component: Collection[str], rebound: Collection[str] | None
) -> Iterator[tuple[str, object]]:
    top = name.partition(".")[0]
    of_component = getattr(module, "__file__", None) in component
    ours = of_component or top in _RUNNER
    if not ours and (top not in sys.stdlib_module_names or name in _PYTHONS_OWN):
        return
    for attribute, value in list(vars(module).items()):
        if of_component and rebound is not None and isinstance(value, _CONSTANTS):
            if attribute not in rebound and not attribute.startswith("__"):
                yield attribute, value
            continue
        if not isinstance(value, _KINDS) or (attribute.startswith("_") and not ours):
            continue
        yield attribute, value
        if ours and isinstance(value, type) and value.__module__ == name:
            for member, inner in list(vars(value).items()):
                if isinstance(inner, _KINDS):
                    yield f"{attribute}.{member}", inner


@functools.cache
def _rebound(component: frozenset[str]) -> set[str] | None:
    """Names of modules that the component itself may bind anew; ``None`` when that is unclear.

    Forks know it from before they were made.
    """
    found = set()
    for path in component:
        for names, attribute, anything in _REBINDS.findall(Path(path).read_text("utf-8")):
            if anything:
                return None
            found |= {attribute, *re.findall(r"\w+", names)}
    return found


def replaced(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Names that stand for something else now. A module imported anew is no change."""
    return [
        f"{module}.{name}"
        for (module, name), value in before.items()
        if module in sys.modules
        and after.get((module, name)) is not value
        and after.get((module, name)) != value
        and not _same(value, after.get((module, name)))
    ]


def _same(one: object, other: object) -> bool:
    if isinstance(one, FunctionType) and isinstance(other, FunctionType):
        return one.__code__ == other.__code__
    if isinstance(one, type) and isinstance(other, type):
        return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)
    return type(one) is type(other) and isinstance(one, staticmethod | classmethod | property)
