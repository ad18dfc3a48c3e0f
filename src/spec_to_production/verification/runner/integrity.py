"""What a test left replaced: the component, the test runner or Python itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType

from .ownership import Changes, changes_by

_RUNNER = {"pytest", "_pytest", "pluggy", "spec_to_production_runner", "unittest"}
_KINDS = (FunctionType, BuiltinFunctionType, type, staticmethod, classmethod, property)
_CONSTANTS = (bool, int, float, complex, str, bytes, tuple, frozenset)
_TABLES = (dict, list, set)
_SET_BY_PYTEST = {"PYTEST_CURRENT_TEST", "PYTEST_VERSION"}
_PYTHONS_OWN = {"sys", "__main__", "os.path", "posixpath"}  # pytest itself changes sys

_STEERS_THE_RUNNER = ("PYTEST_", "PYTHON", "COVERAGE_", "LD_")

Fingerprint = dict[tuple[str, str], object]


def fingerprint(component: frozenset[str]) -> Fingerprint:
    """Every function, class, constant and hook that a test has no business to change for good."""
    own = changes_by(component)
    named = {
        (name, where): value
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
        for where, value in _members(name, module, component, own)
    }
    steering = " ".join(
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(_STEERS_THE_RUNNER) and name not in _SET_BY_PYTEST
    )
    return {
        **named,
        ("os", "environ"): steering,
        ("sys", "meta_path"): _hooks(sys.meta_path),
        ("sys", "path_hooks"): _hooks(sys.path_hooks),
    }


def _members(
    name: str, module: ModuleType, component: Collection[str], own: Changes | None
) -> Iterator[tuple[str, object]]:
    top = name.partition(".")[0]
    of_component = getattr(module, "__file__", None) in component
    ours = of_component or top in _RUNNER
    if not ours and (top not in sys.stdlib_module_names or name in _PYTHONS_OWN):
        return
    if ours:
        yield "", "imported"  # the module itself, which may have been dropped
    if of_component and own is not None:
        yield from _constants(module, own)
    for attribute, value in list(vars(module).items()):
        if not isinstance(value, _KINDS) or (attribute.startswith("_") and not ours):
            continue
        yield attribute, value
        if ours and isinstance(value, type) and value.__module__ == name:
            for member, inner in list(vars(value).items()):
                if isinstance(inner, _KINDS):
                    yield f"{attribute}.{member}", inner


def _constants(module: ModuleType, own: Changes) -> Iterator[tuple[str, object]]:
    for name, value in list(vars(module).items()):
        if name.startswith("__") or name in own.bound:
            continue
        if isinstance(value, _CONSTANTS):
            yield name, value
        elif type(value) in _TABLES and name not in own.handled:
            yield name, _content(value)


def _content(table: dict[object, object] | list[object] | set[object]) -> object:
    """What a table holds; things with a state of their own only stand for themselves."""

    def leaf(value: object) -> object:
        return value if isinstance(value, _CONSTANTS) else id(value)

    if isinstance(table, dict):
        return [(key, leaf(value)) for key, value in table.items()]
    return set(table) if isinstance(table, set) else [leaf(value) for value in table]


def _hooks(hooks: Iterable[object]) -> list[object]:
    """Those of Python, of the runner and of the checkout; libraries bring theirs when imported."""
    return [hook for hook in hooks if not _is_from_a_library(hook)]


def _is_from_a_library(hook: object) -> bool:
    maker = hook if isinstance(hook, type | FunctionType) else type(hook)
    name = maker.__module__
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return "-packages/" in file and name.partition(".")[0] not in _RUNNER


def replaced(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Names that stand for something else now. A module imported anew is no change."""
    return [
        f"{module}.{name}".rstrip(".")
        for (module, name), value in before.items()
        if (module in sys.modules or not name)
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
