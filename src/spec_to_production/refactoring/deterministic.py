"""Refactoring without a model: ruff's safe fixes, one family of rules at a time, then its layout.

Each step starts from what the steps before it left. All steps together are run once; when that
shows a difference, they are taken again and each is run by itself. A family that is refused is
tried again rule by rule, so that one rule costs only itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath

from spec_to_production import syntax
from spec_to_production.errors import ToolError
from spec_to_production.refactoring.proof import Behaviour, Bench, Sources, objection, write
from spec_to_production.results import Refactoring, RefactoringStep
from spec_to_production.ruff import Ruff, configured_tools

Change = Callable[[Ruff, str], bytes]
"""Gives a file's new source; the file itself stays."""

_OTHER_FORMATTERS = frozenset({"black", "yapf", "autopep8"})
_LAST = ("F", "I")
"""Families that clean up after the others: imports that are no longer used, then their order."""


def improve(bench: Bench, seen: Behaviour) -> Refactoring:
    """Try every step on the untouched component and keep those that are shown to be safe.

    Args:
        bench: Where states of the component are tried.
        seen: The behaviour of the untouched component.
    """
    with bench.copy({}) as copy:
        together = _Course(bench, seen, copy, run_each=False)
        together.take()
        if not (together.changed and together.worsening()):
            return together.conclude()
    with bench.copy({}) as copy:
        one_by_one = _Course(bench, seen, copy, run_each=True)
        one_by_one.take()
        return one_by_one.conclude()


class _Course:
    """The steps taken so far, and what they left in a copy in which nothing is ever run."""

    def __init__(self, bench: Bench, seen: Behaviour, copy: Path, *, run_each: bool) -> None:
        self._bench = bench
        self._seen = seen
        self._copy = copy
        self._ruff = Ruff(bench.sandbox, copy)
        self._run_each = run_each
        self._base = self._sources = bench.sources(copy)
        self._paths = [path for path, source in self._base.items() if _editable(source)]
        self._steps: list[RefactoringStep] = []

    def take(self) -> None:
        """Take all steps; where ruff itself fails, those before it stay."""
        try:
            self._fix_by_family()
            self._lay_out()
        except ToolError as error:
            self._steps.append(RefactoringStep(name="ruff", status="failed", detail=str(error)))

    @property
    def changed(self) -> bool:
        """Whether any step was kept."""
        return self._sources != self._base

    def worsening(self) -> str | None:
        """What is worse than on the untouched component, by running what the steps left."""
        return self._seen.worsening(self._bench.observe(self._sources))

    def conclude(self) -> Refactoring:
        """What the steps came to, with the patch of those that were kept."""
        statuses = [step.status for step in self._steps]
        if "kept" in statuses:
            kept = f"{statuses.count('kept')} of {len(statuses)} steps kept"
            return Refactoring(
                status="kept",
                detail=f"{kept}; {self._shown()}.",
                steps=tuple(self._steps),
                patch=self._bench.snapshot.diff(self._copy),
            )
        telling = [step for step in self._steps if step.status in {"failed", "dropped"}]
        return Refactoring(
            status=telling[-1].status if telling else "nothing_to_do",
            detail=telling[-1].detail if telling else "",
            steps=tuple(self._steps),
        )

    def _shown(self) -> str:
        tests = len(self._seen.outcomes)
        if not tests:
            return "there is no test, only layout changed"
        return "1 test ends as before" if tests == 1 else f"{tests} tests end as before"

    def _fix_by_family(self) -> None:
        tried: set[str] = set()
        while fixable := {
            code: count for code, count in self._fixable().items() if _family(code) not in tried
        }:
            family = min(map(_family, fixable), key=_turn)
            tried.add(family)
            codes = sorted(code for code in fixable if _family(code) == family)
            counts = ", ".join(f"{code} ({fixable[code]})" for code in codes)
            step = self._attempt(f"ruff {family}", _fix(codes), counts)
            if step.status == "dropped" and len(codes) > 1 and self._seen.shown:
                for code in codes:
                    self._attempt(f"ruff {code}", _fix([code]), f"{code} ({fixable[code]})")

    def _lay_out(self) -> None:
        if other := self._other_formatter():
            detail = f"The project lays its code out with {other}."
            self._steps.append(
                RefactoringStep(name="ruff format", status="nothing_to_do", detail=detail)
            )
        else:
            self._attempt("ruff format", Ruff.format, "layout only")

    def _fixable(self) -> Counter[str]:
        findings = self._ruff.check(self._paths) if self._paths else ()
        return Counter(finding.code for finding in findings if finding.safe)

    def _attempt(self, name: str, change: Change, detail: str) -> RefactoringStep:
        changed = {path: change(self._ruff, path) for path in self._paths}
        after = {**self._sources, **changed}
        files = tuple(path for path in self._paths if after[path] != self._sources[path])
        if not files:
            step = RefactoringStep(name=name, status="nothing_to_do")
        elif refusal := self._objection(after):
            step = RefactoringStep(name=name, status="dropped", detail=refusal, files=files)
        else:
            step = RefactoringStep(name=name, status="kept", detail=detail, files=files)
            self._sources = after
            write(after, self._copy)
        self._steps.append(step)
        return step

    def _objection(self, after: Sources) -> str | None:
        said = objection(self._bench, self._sources, after, self._seen)
        if said is None and self._run_each:
            return self._seen.worsening(self._bench.observe(after))
        return said

    def _other_formatter(self) -> str | None:
        root = self._bench.snapshot.path
        folders = PurePosixPath(self._bench.component.path, "pyproject.toml").parents
        used = frozenset().union(*(configured_tools(root / folder) for folder in folders))
        return min(used & _OTHER_FORMATTERS, default=None)


def _fix(codes: Sequence[str]) -> Change:
    return lambda ruff, path: ruff.fix(path, codes)


def _family(code: str) -> str:
    """A rule's family is what stands before its number: ``UP`` of ``UP006``."""
    return "".join(takewhile(str.isalpha, code))


def _turn(family: str) -> tuple[int, str]:
    return (_LAST.index(family) + 1 if family in _LAST else 0, family)


def _editable(source: bytes) -> bool:
    """Whether ruff can work on it: Python that compiles, in UTF-8."""
    try:
        syntax.parse(source.decode("utf-8"))
    except (SyntaxError, ValueError):
        return False
    return True
