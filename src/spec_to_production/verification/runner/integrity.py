"""What a test left replaced: the component, the test runner or Python itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType

_RUNNER = {"pytest", "_pytest", "pluggy", "spec_to_production_runner", "unittest"}
_KINDS = (FunctionType, BuiltinFunctionType, type, staticmethod, classmethod, property)
_SET_BY_PYTEST = {"PYTEST_CURRENT_TEST", "PYTEST_VERSION"}
_PYTHONS_OWN = {"sys", "__main__", "os.path", "posixpath"}  # pytest itself changes sys

_STEERS_THE_RUNNER = ("PYTEST_", "PYTHON", "COVERAGE_", "LD_")

Fingerprint = dict[tuple[str, str], object]


def fingerprint(component: Collection[str]) -> Fingerprint:
    """Every function and class that a test has no business to rebind for good."""
    functions = {
        (name, where): value
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
        for where, value in _members(name, module, component)
    }
    steering = " ".join(
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(_STEERS_THE_RUNNER) and name not in _SET_BY_PYTEST
    )
    return {**functions, ("os", "environ"): steering}


def _members(
    name: str, module: ModuleType, component: Collection[str]
) -> Iterator[tuple[str, object]]:
    top = name.partition(".")[0]
    ours = getattr(module, "__file__", None) in component or top in _RUNNER
    if not ours and (top not in sys.stdlib_module_names or name in _PYTHONS_OWN):
        return
    for attribute, value in list(vars(module).items()):
        if not isinstance(value, _KINDS) or (attribute.startswith("_") and not ours):
            continue
        yield attribute, value
        if ours and isinstance(value, type) and value.__module__ == name:
            for member, inner in list(vars(value).items()):
                if isinstance(inner, _KINDS):
                    yield f"{attribute}.{member}", inner


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
