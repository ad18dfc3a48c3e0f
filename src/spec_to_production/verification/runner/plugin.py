"""The pytest plugin that watches one run and writes down what happened."""

from __future__ import annotations

import contextlib
import inspect
import os
import random
import re
import sys
import time
import traceback
import warnings
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import coverage
import pytest

from . import properties, stand_ins
from .audit import Rules
from .channel import Emit, shorten
from .integrity import Fingerprint, fingerprint, replaced
from .processes import at_work, await_threads, left_running

COLLECTION = "collection"
"""The coverage context of what runs while tests are collected."""

_LINGERING_S = 0.3
_LAST_CHANCE_S = 2.0
_ERROR = re.compile(r"^E +(.+)$", re.MULTILINE)
_IN_TMP = r"(/tmp\w{8})?(/pytest-of-[^/]+/pytest-\d+)?\b"
_MARK = re.compile(r"\bmark\.([A-Za-z]\w*)")
_COMMAND = re.compile(rb"^\s*(::\w|##\[)", re.MULTILINE)


@dataclass(eq=False)
class Recorder:
    """Writes a finding for every item collected and every test run.

    Attributes:
        emit: The channel.
        root: The checkout, with a slash at its end.
        tmp: The run's TMPDIR.
        component: The component's files.
        select: Ids to run, in this order; None runs all that is collected. An id without
            brackets stands for all its parameters.
        seed: Every test starts with the random generators at this seed and its own id.
        cover: Records lines and branches by test, when given.
        canary: A text that nobody but a thief of the environment prints.
        ready: The modules that were imported before the run.
        check_integrity: Whether to look for what was left replaced.
        null: Which null stands in once collection is over.
        rules: What tests may not do, when that is watched.
        lenient: Files that are collected although they use marks that the project does not list,
            where those are errors.
        helpers: Modules whose assertions are told in full, as those of tests are.
        uncaptured: Where output goes that pytest does not capture, when that is watched.
    """

    emit: Emit
    root: str
    tmp: str
    component: frozenset[str]
    select: Sequence[str] | None
    seed: int
    cover: coverage.Coverage | None = None
    canary: str = ""
    ready: frozenset[str] = frozenset()
    check_integrity: bool = False
    null: str = ""
    lenient: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    rules: Rules | None = None
    uncaptured: Path | None = None
    _unlisted: set[str] = field(default_factory=set)
    _phases: dict[str, dict[str, Any]] = field(default_factory=dict)
    _comparison: tuple[str, str, str] | None = None
    _kept: set[int] = field(default_factory=set)
    _before: Fingerprint = field(default_factory=dict)
    _plugins: set[int] = field(default_factory=set)
    _waiting: dict[pytest.Item, dict[str, object]] = field(default_factory=dict)

    # --- collection ----------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Know the mark that names a requirement; spend nothing on tracebacks that none reads."""
        config.addinivalue_line("markers", "requirement(id): the requirement that a test proves")
        config.option.tbstyle = "no"
        pytest.register_assert_rewrite(*self.helpers)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Before any test module is imported: know the unlisted marks, and what stands where."""
        for file in self.lenient:
            text = Path(file).read_text("utf-8", errors="replace")
            self._unlisted.update(filter(_is_refused, _MARK.findall(text)))
        for name in sorted(self._unlisted):
            session.config.addinivalue_line("markers", name)
        if self.check_integrity:
            self._before = self._fingerprint()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Write down what could not be collected."""
        if report.outcome == "failed":
            told = "\n".join(_ERROR.findall(report.longreprtext)) or report.longreprtext
            self.emit("not_collected", path=report.nodeid, message=self._clean(told))
        elif report.outcome == "skipped":
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.emit("module_skipped", path=report.nodeid, message=self._clean(str(reason)))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that were asked for, in the order that was asked for."""
        for item in items:
            file, unlisted = self._relative(self._home(item)), self._uses_unlisted(item)
            self.emit("item", **_described(item), file=file, unlisted=unlisted)
        if self.select is not None:
            items[:] = _selected(items, self.select)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """Start the run proper, once everything is imported."""
        needed = _libraries(self.root, self.ready) if self.cover is not None else []
        self.emit("collected", reached=self._reached(COLLECTION), libraries=needed)
        plugins = session.config.pluginmanager
        self._plugins = {id(plugin) for plugin in plugins.get_plugins()}
        self._waiting = {item: _steering(item) for item in session.items}
        if self.null:
            stand_ins.stand_in(self.null)
        result = yield
        self.look_back(session)
        return result

    def look_back(self, session: pytest.Session) -> None:
        """After the tests: what they left changed, and whether they started processes."""
        if self.rules is not None and self.rules.processes:
            self.emit("spawned")
            if left_running():
                self.emit("deed", message="left a process running")
        if self.rules is not None and not _has_streams():
            self.emit("deed", message="closed the standard streams")
        if self.uncaptured is not None and _has_commands(self.uncaptured):
            self.emit("deed", message="wrote workflow commands past the capture of output")
        if self.check_integrity:
            await_threads(_LINGERING_S)
            if self.rules is not None and self._left_at_work(self.rules):
                self.emit("deed", message="left a thread running")
            left = replaced(self._before, self._fingerprint())
            plugins = session.config.pluginmanager.get_plugins()
            if any(id(plugin) not in self._plugins for plugin in plugins):
                left.append("a pytest plugin")
            if any(_steering(item) != steered for item, steered in self._waiting.items()):
                left.append("other tests")
            if left:
                self.emit("replaced", names=left[:10])

    # --- tests ---------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Announce the test, start it from known random generators, ascribe to it what is run."""
        self.emit("start", id=item.nodeid)
        self._waiting.pop(item, None)
        seed = f"{self.seed}:{item.nodeid}"
        random.seed(seed)
        if numpy := sys.modules.get("numpy"):
            numpy.random.seed(random.Random(seed).getrandbits(32))  # noqa: S311
        self._comparison, self._kept = None, set()
        self._phases[item.nodeid] = {"outcome": "passed", "duration_ms": 0.0}
        with self._context(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Take the time."""
        started = time.perf_counter()
        try:
            return (yield)
        finally:
            elapsed = (time.perf_counter() - started) * 1000
            self._phases[item.nodeid]["duration_ms"] = round(elapsed, 3)

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
        """Keep both sides of the comparison that failed."""
        self._note_if_kept(inspect.currentframe())
        with contextlib.suppress(Exception):  # a broken __repr__ is the component's affair
            self._comparison = (shorten(repr(left)), op, shorten(repr(right)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Read the outcome of one phase."""
        report = yield
        entry = self._phases.get(item.nodeid)
        if entry is not None and entry["outcome"] == "passed":
            entry["outcome"] = _outcome(report)
            if call.excinfo is not None and entry["outcome"] != "passed":
                entry.update(self._failure(item, call.excinfo))
            elif entry["outcome"] != "passed":
                entry["message"] = self._clean(str(report.longrepr))
        if self.canary and any(self.canary in text for _, text in report.sections):
            self.emit("deed", message="printed the environment")
        return report

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Write down how the test ended."""
        reached, ran = self._reached(nodeid), self._ran(nodeid)
        self.emit("test", id=nodeid, **self._phases.pop(nodeid), reached=reached, ran=ran)

    # --- details -------------------------------------------------------------------------

    def _fingerprint(self) -> Fingerprint:
        return fingerprint(self.component, frozenset(self.rules.tests if self.rules else ()))

    def _left_at_work(self, rules: Rules) -> bool:
        def at_work_now() -> bool:
            return any(at_work(one, rules.tests, self.component) for one in rules.threads)

        if at_work_now():
            await_threads(_LAST_CHANCE_S)
        return at_work_now()

    @contextlib.contextmanager
    def _context(self, name: str) -> Iterator[None]:
        if self.cover is None:
            yield
            return
        self.cover.switch_context(name)
        try:
            yield
        finally:
            self.cover.switch_context("")

    def _reached(self, context: str) -> dict[str, list[tuple[int, int]]]:
        if self.cover is None:
            return {}
        data = self.cover.get_data()
        data.set_query_context(context)
        arcs = {path: data.arcs(path) or [] for path in sorted(self.component)}
        data.set_query_contexts(None)
        return {path.removeprefix(self.root): found for path, found in arcs.items() if found}

    def _ran(self, context: str) -> list[int]:
        """The lines of its own file that a test ran, without assertions that were kept from it."""
        if self.cover is None:
            return []
        data = self.cover.get_data()
        data.set_query_context(context)
        lines = data.lines(self.root + context.partition("::")[0])
        data.set_query_contexts(None)
        return sorted(set(lines or ()) - self._kept)

    def _note_if_kept(self, frame: FrameType | None) -> None:
        """Know the line of an assertion that fails where the component called it.

        If the test passes all the same, the component has kept the failure to itself.
        """
        while frame and not frame.f_code.co_filename.startswith(self.root):
            frame = frame.f_back
        line = frame.f_lineno if frame else 0
        while frame := frame and frame.f_back:
            if frame.f_code.co_filename in self.component:
                self._kept.add(line)

    def _failure(
        self, item: pytest.Item, info: pytest.ExceptionInfo[BaseException]
    ) -> dict[str, Any]:
        frames = [(str(entry.path), entry.lineno + 1) for entry in info.traceback]
        own = [frame for frame in frames if frame[0] == self._home(item)]
        ours = own or [frame for frame in frames if frame[0] == str(item.path)]
        component = [frame for frame in frames if frame[0] in self.component]
        return {
            "error": _name(info.type),
            # Without a frame of the test it is pytest's word: that it cannot run a coroutine.
            "by_assertion": bool(ours) and self._is_assertion(info.value),
            "message": self._clean(_said(info)),
            "line": own[-1][1] if own else None,
            "component_frame": (self._relative(component[-1][0]), component[-1][1])
            if component
            else None,
            "comparison": self._comparison,
        }

    def _is_assertion(self, error: BaseException) -> bool:
        """Whether a test said so; what the component asserts of itself is a crash."""
        if isinstance(error, BaseExceptionGroup):
            return any(self._is_assertion(inner) for inner in error.exceptions)
        if not isinstance(error, AssertionError | pytest.fail.Exception):
            return False
        files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
        return not files or files[-1] not in self.component

    def _uses_unlisted(self, item: pytest.Item) -> str:
        """What is to be said of a mark of the test that the project does not list."""
        name = next((m.name for m in item.iter_markers() if m.name in self._unlisted), None)
        if name is None:
            return ""
        settings = item.config.inipath.name if item.config.inipath else "no setting"
        return (
            f"It has the mark `{name}`, which {settings} does not list: add it or remove the mark."
        )

    def _home(self, item: pytest.Item) -> str:
        """The file that a test is defined in: it may inherit or import it from a helper."""
        function, owner = getattr(item, "function", None), _owner(item)
        if owner is None and getattr(function, "__name__", "") != _function(item):
            return str(item.path)  # what a decorator made of it
        module = sys.modules.get(str(getattr(owner or function, "__module__", "")))
        file = str(getattr(module, "__file__", None))
        helps = file.startswith(self.root) and file not in self.component
        return file if helps else str(item.path)

    def _relative(self, path: str) -> str:
        return path.removeprefix(self.root)

    def _clean(self, text: str) -> str:
        """Text without the places of this run, which are others in the next."""
        return shorten(re.sub(re.escape(self.tmp) + _IN_TMP, "…", text).replace(self.root, ""))


def _libraries(root: str, ready: frozenset[str]) -> list[str]:
    """Modules from outside of the checkout that the run imported, in order.

    None of them when a thread runs now: a fork would lose it.
    """
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return []
    return [
        name
        for name, module in list(sys.modules.items())
        if name not in ready
        and getattr(module, "__spec__", None) is not None
        and not str(getattr(module, "__file__", None) or root).startswith(root)
    ]


def _is_refused(mark: str) -> bool:
    """Whether it is an error to use this mark here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(pytest.mark, mark)
    except pytest.fail.Exception:
        return True
    return False


def _has_streams() -> bool:
    try:
        return all(map(os.fstat, (0, 1, 2)))
    except OSError:
        return False


def _has_commands(output: Path) -> bool:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    return _COMMAND.search(output.read_bytes()) is not None


def _described(item: pytest.Item) -> dict[str, Any]:
    function, owner = _function(item), _owner(item)
    around = [node.obj for node in item.listchain() if isinstance(node, pytest.Class)]
    if owner is not None:
        bases = item.cls.__mro__  # type: ignore[attr-defined]
        around += bases[1 : bases.index(owner) + 1]
    marks = [str(mark.args[0]) for mark in item.iter_markers("requirement") if mark.args]
    return {
        "id": item.nodeid,
        "path": item.nodeid.partition("::")[0],
        "function": f"{owner.__qualname__}.{function}" if owner is not None else function,
        "requirements": marks,
        "docstring": _docstring(getattr(item, "function", None)),
        "of_classes": [_docstring(one) for one in around],
        "by_examples": properties.is_property(item),
    }


def _steering(item: pytest.Item) -> dict[str, object]:
    """What an item is told to do: its function, and what stands in the place of its methods."""
    return {name: value for name, value in vars(item).items() if callable(value)}


def _function(item: pytest.Item) -> str:
    return getattr(item, "originalname", None) or item.name


def _owner(item: pytest.Item) -> type | None:
    """The class that a test is defined in, which may be a base of the one it was collected in."""
    bases = getattr(getattr(item, "cls", None), "__mro__", ())
    return next((base for base in bases if _function(item) in vars(base)), next(iter(bases), None))


def _docstring(thing: object) -> str:
    says = getattr(thing, "__doc__", None)
    return shorten(says) if isinstance(says, str) else ""


def _selected(items: list[pytest.Item], select: Sequence[str]) -> list[pytest.Item]:
    by_id: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_id.setdefault(item.nodeid, []).append(item)
        if "[" in item.nodeid:
            by_id.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return [item for wanted in select for item in by_id.get(wanted, [])]


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.failed and report.when != "call":
        return "setup_error"
    if report.failed and str(report.longrepr).startswith("[XPASS(strict)]"):
        return "xpassed"
    return str(report.outcome)


def _said(info: pytest.ExceptionInfo[BaseException]) -> str:
    if isinstance(info.value, pytest.FixtureLookupError) and not info.value.msg:
        return f"There is no fixture `{info.value.argname}`."
    return info.exconly(tryshort=True)


def _name(kind: type[BaseException]) -> str:
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
