"""What a test left replaced: the component, the test runner or Python itself."""

from __future__ import annotations

import builtins
import gc
import logging
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from .ownership import Changes, changes_by, words_in

_RUNNER = {"pytest", "_pytest", "pluggy", "spec_to_production_runner", "unittest"}
_KINDS = (FunctionType, BuiltinFunctionType, type, staticmethod, classmethod, property)
_SCALARS = (bool, int, float, complex, str, bytes)
_CONSTANTS = (*_SCALARS, tuple, frozenset)
_TABLES = (dict, list, set)
_INSIDES = ("__code__", "__defaults__", "__kwdefaults__")
_SET_BY_PYTEST = {"PYTEST_CURRENT_TEST", "PYTEST_VERSION"}
_PYTHONS_OWN = {"sys", "__main__", "os.path", "posixpath"}  # pytest itself changes sys

_SETS_LOGGING_UP = frozenset(
    {"addHandler", "removeHandler", "handlers", "basicConfig", "dictConfig", "fileConfig"}
)
_STEERS_THE_RUNNER = ("PYTEST_", "PYTHON", "COVERAGE_", "LD_")

Fingerprint = dict[tuple[str, str], object]


@dataclass(frozen=True)
class _Look:
    """What to look at.

    Attributes:
        component: The component's files.
        own: What they do to names themselves; ``None`` when that is unclear.
        words: The words of the tests. What a test does not name it does not change, but what it
            calls may: the component, a library, the project's fixtures.
    """

    component: frozenset[str]
    own: Changes | None
    words: frozenset[str]


def fingerprint(component: frozenset[str], tests: frozenset[str]) -> Fingerprint:
    """Every function, class, constant and hook that a test has no business to change for good.

    ``component`` and ``tests`` are the files of both.
    """
    look = _Look(component, changes_by(component), words_in(tests))
    named = {
        (name, where): value
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
        for where, value in _members(name, module, look)
    }
    steering = " ".join(
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(_STEERS_THE_RUNNER) and name not in _SET_BY_PYTEST
    )
    return {
        **named,
        **_switches(look.words, words_in(component)),
        ("os", "environ"): steering,
        ("sys", "meta_path"): _hooks(sys.meta_path),
        ("sys", "path_hooks"): _hooks(sys.path_hooks),
    }


def _members(name: str, module: ModuleType, look: _Look) -> Iterator[tuple[str, object]]:
    top = name.partition(".")[0]
    of_component = getattr(module, "__file__", None) in look.component
    ours = of_component or top in _RUNNER
    if not ours and (top not in sys.stdlib_module_names or name in _PYTHONS_OWN):
        return
    if ours:
        yield "", module.__spec__  # of the module itself, which may have been dropped
    own = look.own if of_component else None
    if own is not None:
        yield from _values(vars(module), own, look)
        hidden = look.words & vars(builtins).keys() - vars(module).keys() - own.bound
        yield from dict.fromkeys(hidden).items()  # nothing of its own hides what is built in
    for attribute, value in list(vars(module).items()):
        if not isinstance(value, _KINDS) or (attribute.startswith("_") and not ours):
            continue
        yield from _with_insides(attribute, value, look)
        if not isinstance(value, type) or value.__module__ != name:
            continue
        if ours or attribute in look.words:
            for member, inner in _class_members(value, own, look, every=ours):
                yield f"{attribute}.{member}", inner


def _class_members(
    owner: type, own: Changes | None, look: _Look, *, every: bool
) -> Iterator[tuple[str, object]]:
    members = dict(vars(owner))
    mentioned = {member: members[member] for member in look.words & members.keys()}
    if owner.__name__ in look.words and owner.__module__.partition(".")[0] in _RUNNER:
        yield from dict.fromkeys(look.words - members.keys()).items()  # the runner adds none
    for member, inner in (members if every else mentioned).items():
        if isinstance(inner, _KINDS):
            yield from _with_insides(member, inner, look)
    if own is not None:
        yield from _values(mentioned, own, look)


def _with_insides(where: str, value: object, look: _Look) -> Iterator[tuple[str, object]]:
    """A function or class, and what the tests could exchange inside of it."""
    yield where, value
    function = getattr(value, "__func__", value)
    if isinstance(function, FunctionType):
        for inside in look.words.intersection(_INSIDES):
            yield f"{where}.{inside}", getattr(function, inside)


def _values(names: Mapping[str, Any], own: Changes, look: _Look) -> Iterator[tuple[str, object]]:
    """What a module or a class of the component holds apart from its functions and classes."""
    for name, value in list(names.items()):
        if name.startswith("__") or name in own.bound or isinstance(value, _KINDS):
            continue
        if isinstance(value, _CONSTANTS):
            yield name, value
        elif type(value) in _TABLES and name not in own.handled:
            yield name, _content(value)
        elif name not in look.words:
            continue
        elif isinstance(value, ModuleType):
            yield name, value.__name__  # it may be imported anew
        else:
            yield name, _which(value)


def _which(value: object) -> object:
    """By what to know a thing again: its value, if it stands for that, else its identity.

    Those of Python's own that count or collect may be set back by putting a new one in place.
    """
    kind = type(value)
    if kind.__module__.partition(".")[0] not in sys.stdlib_module_names:
        return kind, id(value)
    return (kind,) if kind.__hash__ is None or kind.__eq__ is object.__eq__ else value


def _switches(words: frozenset[str], known: frozenset[str]) -> Fingerprint:
    """Hooks and switches of Python that tests mention and the component does not."""
    found: Fingerprint = {
        ("sys", "excepthook"): set(_hooks([sys.__excepthook__, sys.excepthook])),
        ("threading", "excepthook"): set(_hooks([threading.__excepthook__, threading.excepthook])),
        ("sys", "__stdout__"): id(sys.__stdout__),
        ("sys", "__stderr__"): id(sys.__stderr__),
        ("sys", "setrecursionlimit"): sys.getrecursionlimit(),
        ("os", "chdir"): os.stat(".").st_ino,  # noqa: PTH116 - it works in a folder that is gone
        ("gc", "disable"): gc.isenabled(),
        ("logging", "disable"): logging.root.manager.disable,
    }
    found = {place: value for place, value in found.items() if place[1] in words - known}
    if _SETS_LOGGING_UP & words and not _SETS_LOGGING_UP & known:
        found["logging", "root.handlers"] = [
            id(handler)
            for handler in _hooks(logging.root.handlers)
            if not type(handler).__module__.startswith("_pytest.")
        ]
    return found


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
    anew = {
        module
        for (module, name), spec in before.items()
        if not name and after.get((module, name)) is not spec
    }
    return [
        f"{module}.{name}".rstrip(".")
        for (module, name), value in before.items()
        if (module in sys.modules or not name)
        and not _stands(value, after.get((module, name)), anew=module in anew)
    ]


def _stands(value: object, now: object, *, anew: bool) -> bool:
    if anew and now is not None and not isinstance(value, (*_SCALARS, *_KINDS)):
        return True  # it holds what was made anew with its module
    return now is value or now == value or _same(value, now)


def _same(one: object, other: object) -> bool:
    if isinstance(one, FunctionType) and isinstance(other, FunctionType):
        return one.__code__ == other.__code__
    if isinstance(one, type) and isinstance(other, type):
        return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)
    return type(one) is type(other) and isinstance(one, staticmethod | classmethod | property)
