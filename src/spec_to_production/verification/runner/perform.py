"""One run of pytest, in a forked child that ends with it."""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import coverage
import pytest

from . import audit, clock, forking, overlay, properties
from .channel import writer
from .plugin import COLLECTION, Recorder

_CARRIED = ("SPEC_TO_PRODUCTION_RUN", "SPEC_TO_PRODUCTION_NULL")
_MORE_MEMORY = 1 << 30
_QUIET = ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:randomly", "-p", "no:xdist"]
_ALREADY_IMPORTED = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]


def perform(request: Mapping[str, Any], fd: int, serve: forking.Serve | None = None) -> None:
    """Run what the request asks for and write the findings to ``fd``."""
    ready = frozenset(sys.modules)
    emit = writer(fd, bytes.fromhex(request["key"]))
    root = request["root"] + "/"
    component = frozenset(root + path for path in request["component"])
    _limit_memory()
    _settle(request)
    sources = {root + path: text for path, text in request["overlay"].items()}
    overlay.lay(sources)
    _carry_to_children(request, sources)
    _forget_namesakes(request["modules"], root)
    properties.settle(root + path for path in request["files"])
    shifted = bool(request["clock"]) and clock.shift(request["clock"])
    emit("clock", shifted=shifted)
    files = frozenset(root + path for path in request["files"])
    cover = _cover(component | files) if request["cover"] else None
    canary = os.urandom(8).hex()
    os.environ["SPEC_TO_PRODUCTION_CANARY"] = canary
    if request["check_integrity"]:
        _import_component(request["modules"])
    if cover is not None:
        cover.switch_context(COLLECTION)
    recorder = Recorder(
        emit=emit,
        root=root,
        tmp=request["tmp"],
        component=component,
        select=request["select"],
        seed=request["seed"],
        cover=cover,
        canary=canary if request["watch"] else "",
        ready=ready,
        check_integrity=request["check_integrity"],
        null=request["null"],
        lenient=() if request["strict"] else tuple(root + path for path in request["files"]),
        helpers=tuple(_beside(request["files"], root, component)),
    )
    if request["watch"]:
        _watch(recorder, files)
    plugins: list[object] = [recorder]
    if serve is not None:
        plugins.append(forking.Forking(recorder, component, request, serve))
    arguments = [
        *_QUIET,
        *_ALREADY_IMPORTED,
        "--continue-on-collection-errors",
        f"--rootdir={root}",
        "-o",
        "addopts=",
        *request["options"],
    ]
    code = pytest.main([*arguments, *(root + path for path in request["files"])], plugins=plugins)
    emit("end", code=int(code))


def _beside(files: Iterable[str], root: str, component: frozenset[str]) -> Iterator[str]:
    """The modules that lie beside tests, by the names that they may be imported by."""
    for folder in {Path(root, file).parent for file in files}:
        for path in folder.glob("*.py"):
            if str(path) not in component:
                yield path.stem
                yield ".".join(path.relative_to(root).with_suffix("").parts)


def _watch(recorder: Recorder, tests: frozenset[str]) -> None:
    recorder.uncaptured = Path(os.environ["TMPDIR"], ".output")
    output = os.open(recorder.uncaptured, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    recorder.rules = audit.Rules(
        root=recorder.root,
        tests=tests,
        writable=audit.folders(os.environ["TMPDIR"]),
        home=audit.folders(os.environ["HOME"])[0],
        report=lambda deed: recorder.emit("deed", message=deed),
    )
    audit.watch_environment(recorder.rules)
    audit.watch_exit(recorder.rules)
    audit.watch_threads(recorder.rules)
    sys.addaudithook(recorder.rules)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    now = pages * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = now + _MORE_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


def _settle(request: Mapping[str, Any]) -> None:
    Path(request["tmp"]).mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = request["tmp"]
    os.chdir(request["cwd"])


def _carry_to_children(request: Mapping[str, Any], sources: Mapping[str, str]) -> None:
    here = Path(__file__).parent
    carried = Path(request["tmp"], ".run.json")
    run = {"runner": str(here.parent), "overlay": dict(sources), "clock": request["clock"]}
    carried.write_text(json.dumps(run), "utf-8")
    os.environ["SPEC_TO_PRODUCTION_RUN"] = str(carried)
    search = [str(here / "site"), *request["import_path"]]
    os.environ["PYTHONPATH"] = os.pathsep.join(search)
    sys.path[:0] = search  # tests hand this on as well
    _carry_in_any_environment(str(here / "site"))


def _forget_namesakes(modules: list[str], root: str) -> None:
    """Have the component imported from the checkout: pytest or a plugin may have another copy."""
    packages = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] in packages and file and not file.startswith(root):
            del sys.modules[name]


def _carry_in_any_environment(site: str) -> None:
    """Programs that a test gives an environment of its own are in this run as well."""
    start = subprocess.Popen.__init__

    def carrying(
        self: subprocess.Popen[Any],
        *args: Any,  # noqa: ANN401
        env: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        if env is not None:
            path = os.pathsep.join(filter(None, [site, env.get("PYTHONPATH")]))
            ours = {name: os.environ[name] for name in _CARRIED if name in os.environ}
            env = {**env, **ours, "PYTHONPATH": path}
        start(self, *args, env=env, **options)  # type: ignore[call-overload]

    subprocess.Popen.__init__ = carrying  # type: ignore[method-assign, assignment]


def _cover(files: frozenset[str]) -> coverage.Coverage:
    cover = coverage.Coverage(data_file=None, config_file=False, branch=True, include=sorted(files))
    # A test that runs nothing of the component is not for coverage to complain about; and where a
    # project makes errors of warnings, it would be an error.
    cover.set_option("run:disable_warnings", ["no-data-collected"])
    cover.start()
    return cover


def _import_component(modules: list[str]) -> None:
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: BLE001, S112 - the tests will say it, each for itself
            continue
