"""Many runs from one collection: each gets a fork in which functions have other code."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from . import properties, stand_ins
from .channel import writer
from .plugin import Recorder

Serve = Callable[[Callable[[Mapping[str, Any], int], None]], None]


@dataclass(eq=False)
class Forking:
    """Instead of running the tests, serve requests for some of them, each in a fork.

    Attributes:
        recorder: Writes down how the tests ended.
        component: The component's files.
        opening: The request that opened this.
        serve: Reads requests and forks for each; returns when there are no more.
    """

    recorder: Recorder
    component: frozenset[str]
    opening: Mapping[str, Any]
    serve: Serve
    _functions: dict[tuple[str, str, int], list[FunctionType]] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take over after collection."""
        items = {item.nodeid: item for item in session.items}
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType) and thing.__code__.co_filename in self.component:
                self._functions.setdefault(_place(thing.__code__), []).append(thing)
        gc.collect()
        gc.freeze()
        self.serve(lambda request, fd: self._run(request, fd, session, items))
        return True

    def _run(
        self,
        request: Mapping[str, Any],
        fd: int,
        session: pytest.Session,
        items: Mapping[str, pytest.Item],
    ) -> None:
        self.recorder.emit = writer(fd, bytes.fromhex(request["key"]))
        self._enter_new_tmp()
        carried = Path(self.opening["tmp"], ".run.json")
        if request["overlay"]:
            run = json.loads(carried.read_text("utf-8"))
            root = self.opening["root"] + "/"
            run["overlay"] = {root + path: text for path, text in request["overlay"].items()}
            carried.write_text(json.dumps(run), "utf-8")
        self.recorder.seed = request["seed"] or self.recorder.seed
        if request["null"]:
            stand_ins.stand_in(request["null"])
        if request["source"]:
            self._mutate(request)
        chosen = [items[name] for name in request["select"] if name in items]
        for item, following in zip(chosen, [*chosen[1:], None], strict=False):
            # When this time is up, the process ends: no test can catch it.
            signal.setitimer(signal.ITIMER_PROF, request["cpu_s"])
            if request["examples"]:
                properties.try_others(item, request["examples"])
            again = following is item  # and comes to new fixtures and files
            item.config.hook.pytest_runtest_protocol(
                item=item, nextitem=None if again else following
            )
            if again:
                self._enter_new_tmp()
            if request["stop_at_first"] and item.session.testsfailed:
                break
        self.recorder.look_back(session)
        if self.recorder.uncaptured is not None:
            os.truncate(self.recorder.uncaptured, 0)
        self.recorder.emit("end", code=0)

    def _enter_new_tmp(self) -> None:
        os.environ["TMPDIR"] = tempfile.mkdtemp(dir=self.opening["tmp"])
        tempfile.tempdir = None

    def _mutate(self, request: Mapping[str, Any]) -> None:
        path = f"{self.opening['root']}/{request['path']}"
        code = compile(request["source"], path, "exec", dont_inherit=True)
        if request["constant"]:
            _assign(code, request["constant"], path, self.opening["root"])
            return
        code = _find(code, request["function"].split("."))
        for function in self._functions.get((path, code.co_name, request["line"]), []):
            for old, new in _pairs(function.__code__, code):
                for made in self._functions.get(_place(old), []):
                    _exchange(made, new)


def _assign(code: CodeType, name: str, path: str, root: str) -> None:
    """Run an assignment again in its module, and tell those that imported the name from it."""
    modules = {
        getattr(module, "__file__", None) or "": vars(module)
        for module in list(sys.modules.values())
        if isinstance(module, ModuleType)
    }
    if name not in modules.get(path, {}):
        return  # nobody imported it yet
    before = modules[path][name]
    exec(code, modules[path])  # noqa: S102 - the component's own code, with one mistake
    for file, names in modules.items():
        if file.startswith(root) and name in names and names[name] is before:
            names[name] = modules[path][name]


def _place(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_name, code.co_firstlineno


def _find(code: CodeType, names: list[str]) -> CodeType:
    for name in names:
        code = next(
            constant
            for constant in code.co_consts
            if isinstance(constant, CodeType) and constant.co_name == name
        )
    return code


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """A function's code and that of the functions in it, with what takes their places."""
    yield old, new
    inner = [[part for part in code.co_consts if isinstance(part, CodeType)] for code in (old, new)]
    if [part.co_name for part in inner[0]] == [part.co_name for part in inner[1]]:
        for one, other in zip(*inner, strict=True):
            yield from _pairs(one, other)


def _exchange(function: FunctionType, code: CodeType) -> None:
    # A function that was made by an import keeps the variables around it, so these must agree.
    if function.__code__.co_freevars == code.co_freevars:
        function.__code__ = code
