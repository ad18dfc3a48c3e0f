"""A run of tests in the sandbox, as it is asked for and as it went."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from spec_to_production.verification.runner.channel import signature

Ending = Literal["finished", "timed_out", "died", "tampered"]
Arc = tuple[int, int]
Line = tuple[str, int]
_Finding = dict[str, Any]
Null = Literal["truthy", "falsy", "raising"]
NULLS: tuple[Null, ...] = get_args(Null)
HowItEnded = Literal["passed", "failed", "skipped", "setup_error", "xfailed", "xpassed"]


@dataclass(frozen=True)
class Place:
    """Where runs happen: a private copy of the checkout with the candidates in it.

    Paths are relative to ``root``; ``options`` are pytest's. ``clock`` are the seconds that the
    wall clock of every run is ahead: those of a replay happen when the first run did.
    """

    root: Path
    component: tuple[str, ...]
    modules: tuple[str, ...]
    import_root: str
    tmp: Path
    options: tuple[str, ...] = ()
    clock: float = 0.0


@dataclass(frozen=True)
class Run:
    """One run: which tests of which files, under which circumstances.

    Attributes:
        files: Test files to collect.
        select: Ids to run, in order; ``None`` runs all. An id without brackets stands for
            all its parameters.
        patience_s: Seconds that one test may take.
        seed: Of the random generators.
        clock: Seconds that the wall clock is ahead.
        elsewhere: Whether the working directory is another than the root.
        shared_tmp: A name for a TMPDIR that several runs share.
        cover: Whether to record what each test reaches.
        watch: Whether to refuse and note what a test may not do.
        check_integrity: Whether to look for what was left replaced.
        null: The null implementation that stands in for the component's functions.
        overlay: Other source for files.
        strict: Whether a mark that the project does not list keeps its file from being collected,
            where the project has it so.
    """

    files: tuple[str, ...]
    select: tuple[str, ...] | None = None
    patience_s: float = 10.0
    seed: int = 0
    clock: float = 0.0
    elsewhere: bool = False
    shared_tmp: str = ""
    cover: bool = False
    watch: bool = False
    check_integrity: bool = False
    null: Null | Literal[""] = ""
    overlay: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False


@dataclass(frozen=True)
class ForkRun:
    """Some tests of an open session, with a mutant or a null in place.

    Attributes:
        select: Ids to run, in order.
        patience_s: Seconds that one test may take.
        cpu_s: Seconds of processor time that one test may take; 0 is no limit.
        seed: Of the random generators; 0 leaves the session's.
        examples: Which examples property tests try; 0 are those of every other run.
        null: The null implementation that stands in.
        path: The file of the mutant.
        function: The function that it changes, which begins at ``line``; or
        constant: the name to which it gives another value.
        source: The mutated statement; a function nested in classes as ``function`` says.
        overlay: The whole mutated file, for processes that tests start.
        stop_at_first: Whether the first failure ends the run.
    """

    select: tuple[str, ...]
    patience_s: float
    cpu_s: float = 0.0
    seed: int = 0
    examples: int = 0
    null: Null | Literal[""] = ""
    path: str = ""
    function: str = ""
    constant: str = ""
    line: int = 0
    source: str = ""
    overlay: Mapping[str, str] = field(default_factory=dict)
    stop_at_first: bool = False


@dataclass(frozen=True)
class Item:
    """A test that pytest collected, with the docstrings of its function and its classes.

    ``file`` is the one that it is defined in; ``path`` where it was collected. ``unlisted`` says
    which mark of it the project does not list, where that is an error; ``by_examples`` whether
    it is a property test by Hypothesis.
    """

    id: str
    path: str
    function: str
    requirements: tuple[str, ...]
    docstring: str = ""
    of_classes: tuple[str, ...] = ()
    file: str = ""
    unlisted: str = ""
    by_examples: bool = False


@dataclass(frozen=True)
class Outcome:
    """How one test ended in one run.

    ``line`` is where it failed in the file that the test is defined in, ``component_frame`` the
    deepest place of the component on the way. ``comparison`` is (left, operator, right) of the
    assertion. ``ran`` are the lines of its own file that it ran, where that was recorded,
    without assertions that failed while the component kept that from it.
    """

    id: str
    outcome: HowItEnded
    duration_ms: float
    error: str = ""
    by_assertion: bool = False
    message: str = ""
    line: int | None = None
    component_frame: tuple[str, int] | None = None
    comparison: tuple[str, str, str] | None = None
    reached: Mapping[str, frozenset[Arc]] = field(default_factory=dict)
    ran: frozenset[int] = frozenset()

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return self.outcome == "passed"

    @property
    def lines(self) -> frozenset[Line]:
        """The component's lines that it ran."""
        return _lines(self.reached)


@dataclass(frozen=True)
class Record:
    """What is known of a run after it.

    ``imported`` are the component's lines that ran while tests were collected, those of its own
    import left out; ``libraries`` the modules from outside that were imported. ``running`` is
    the test at which it broke off.
    """

    ending: Ending
    status: int | None = None
    running: str | None = None
    items: tuple[Item, ...] = ()
    not_collected: Mapping[str, str] = field(default_factory=dict)
    modules_skipped: Mapping[str, str] = field(default_factory=dict)
    tests: Mapping[str, Outcome] = field(default_factory=dict)
    deeds: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    clock_shifted: bool = False
    spawned: bool = False
    imported: frozenset[Line] = frozenset()
    libraries: tuple[str, ...] = ()


def new_key() -> str:
    """A fresh key for one run's channel."""
    return secrets.token_hex(16)


def request(run: Run, place: Place, key: str, tmp: Path) -> dict[str, Any]:
    """The request as the sandbox's side reads it."""
    import_path = dict.fromkeys([str((place.root / place.import_root).resolve()), str(place.root)])
    return {
        **asdict(run),
        "clock": run.clock + place.clock,
        "key": key,
        "root": str(place.root),
        "component": place.component,
        "modules": place.modules,
        "import_path": list(import_path),
        "options": place.options,
        "tmp": str(tmp),
        "cwd": str(tmp if run.elsewhere else place.root),
    }


def fork_request(run: ForkRun, key: str) -> dict[str, Any]:
    """The request for a fork as an open session reads it."""
    return {**asdict(run), "key": key}


def read_record(lines: Iterable[str], key: str, *, status: int | None, timed_out: bool) -> Record:
    """Put a run's findings together; a line that is not the run's own means tampering."""
    findings: list[_Finding] = []
    for line in lines:
        finding = _verified(line, bytes.fromhex(key), len(findings))
        if finding is None:
            return Record("tampered", status)
        findings.append(finding)
    of = _by_kind(findings)
    started = [str(finding["id"]) for finding in of("start")]
    tests = {str(finding["id"]): _outcome(finding) for finding in of("test")}
    finished = bool(of("end"))
    return Record(
        ending="timed_out" if timed_out else "finished" if finished else "died",
        status=status,
        running=None if finished else next((i for i in reversed(started) if i not in tests), None),
        items=tuple(_item(finding) for finding in of("item")),
        not_collected={f["path"]: f["message"] for f in of("not_collected")},
        modules_skipped={f["path"]: f["message"] for f in of("module_skipped")},
        tests=tests,
        deeds=tuple(dict.fromkeys(f["message"] for f in of("deed"))),
        replaced=tuple(name for f in of("replaced") for name in f["names"]),
        clock_shifted=any(f["shifted"] for f in of("clock")),
        spawned=bool(of("spawned")),
        libraries=tuple(name for f in of("collected") for name in f["libraries"]),
        imported=frozenset().union(*(_lines(_arcs(f)) for f in of("collected"))),
    )


def _by_kind(findings: Sequence[_Finding]) -> Callable[[str], list[_Finding]]:
    return lambda kind: [finding for finding in findings if finding["kind"] == kind]


def _verified(line: str, key: bytes, number: int) -> _Finding | None:
    mark, _, body = line.partition(" ")
    if not secrets.compare_digest(mark.encode(), signature(key, body).encode()):
        return None
    try:
        finding: _Finding = json.loads(body)  # signed, so written by our own code
    except ValueError:
        return None  # which a test had write something else
    return finding if finding.get("number") == number else None


def _item(finding: Mapping[str, Any]) -> Item:
    return Item(
        id=finding["id"],
        path=finding["path"],
        function=finding["function"],
        requirements=tuple(finding["requirements"]),
        docstring=finding["docstring"],
        of_classes=tuple(finding["of_classes"]),
        file=finding["file"],
        unlisted=finding["unlisted"],
        by_examples=finding["by_examples"],
    )


def _outcome(finding: Mapping[str, Any]) -> Outcome:
    frame, comparison = finding.get("component_frame"), finding.get("comparison")
    return Outcome(
        id=finding["id"],
        outcome=finding["outcome"],
        duration_ms=finding["duration_ms"],
        error=finding.get("error", ""),
        by_assertion=finding.get("by_assertion", False),
        message=finding.get("message", ""),
        line=finding.get("line"),
        component_frame=(frame[0], frame[1]) if frame else None,
        comparison=(comparison[0], comparison[1], comparison[2]) if comparison else None,
        reached=_arcs(finding),
        ran=frozenset(finding["ran"]),
    )


def _arcs(finding: Mapping[str, Any]) -> dict[str, frozenset[Arc]]:
    reached = finding["reached"].items()
    return {path: frozenset((arc[0], arc[1]) for arc in arcs) for path, arcs in reached}


def _lines(reached: Mapping[str, frozenset[Arc]]) -> frozenset[Line]:
    return frozenset(
        (path, line) for path, arcs in reached.items() for arc in arcs for line in arc if line > 0
    )
