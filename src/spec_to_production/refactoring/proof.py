"""Whether a change of the component left its behaviour as it was, shown by running it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from spec_to_production.components.suite import run_suite
from spec_to_production.disk import remove
from spec_to_production.refactoring.surface import lost_imports, same_code, surface_changes, takers
from spec_to_production.results import Component, ExistingTest, GeneratedFile
from spec_to_production.sandbox import Limits, Sandbox
from spec_to_production.snapshot import Snapshot

Sources = Mapping[str, bytes]
"""The component's modules by path. A state of the refactoring is such a value: copies come
and go, and nothing that ran in one can reach the next.
"""

_BROKEN = TypeAdapter(dict[str, str])
_NAMED = 3
"""Most tests that one objection names."""
_IMPORT_LIMITS = Limits(wall_s=60)
_IMPORT_EACH = """
import importlib, json, sys
path, *names = sys.argv[1:]
broken = {}
for name in names:
    try:
        importlib.import_module(name)
    except BaseException as error:
        broken[name] = f"{type(error).__name__}: {error}"
with open(path, "w") as stream:
    json.dump(broken, stream)
"""


@dataclass(frozen=True)
class Behaviour:
    """What was seen of one state: each test's outcome, and the modules that do not import."""

    outcomes: Mapping[str, str]
    broken: Mapping[str, str]

    @property
    def shown(self) -> bool:
        """Whether any test passes, so that a change for the worse could be noticed."""
        return "passed" in self.outcomes.values()

    def worsening(self, after: Behaviour) -> str | None:
        """What is worse afterwards, in a sentence; ``None`` when nothing is."""
        for name, why in after.broken.items():
            if name not in self.broken:
                return f"{name} cannot be imported any more: {why}"
        worse = [
            f"{test} {outcome} before, now {after.outcomes.get(test, 'is not collected')}"
            for test, outcome in self.outcomes.items()
            if after.outcomes.get(test) not in (outcome, "passed")
        ]
        return "; ".join(worse[:_NAMED]) or None


@dataclass(frozen=True)
class Bench:
    """Where states of the component are tried.

    Attributes:
        tests: Generated tests that run beside the component's own.
    """

    component: Component
    snapshot: Snapshot
    sandbox: Sandbox
    work: Path
    tests: Sequence[GeneratedFile] = ()

    @contextlib.contextmanager
    def copy(self, sources: Sources) -> Iterator[Path]:
        """A copy of the repository in one state, which the sandbox's user can only read."""
        with self.snapshot.lend(self.work) as copy:
            write(sources, copy)
            yield copy

    def sources(self, copy: Path) -> dict[str, bytes]:
        """The component's modules as they stand in a copy."""
        return {module.path: (copy / module.path).read_bytes() for module in self.component.modules}

    def observe(
        self, sources: Sources, outcomes: Sequence[ExistingTest] | None = None
    ) -> Behaviour:
        """Import the modules of a state and run the tests on it, unless those are known."""
        with self.copy(sources) as copy:
            # All that we write is there before any of its code runs, which may plant links.
            for file in self.tests:
                (copy / file.path).parent.mkdir(parents=True, exist_ok=True)
                (copy / file.path).write_text(file.content, "utf-8")
            self.sandbox.hand_over(copy)
            broken = self._broken_imports(copy)
            tests = self._run_tests(copy) if outcomes is None else outcomes
        return Behaviour({test.id: test.outcome for test in tests}, broken)

    def _run_tests(self, copy: Path) -> Sequence[ExistingTest]:
        files = [*self.component.test_files, *(file.path for file in self.tests)]
        root = self.component.import_root
        options = self.component.pytest_options
        return run_suite(files, copy, self.sandbox, import_root=root, options=options).tests

    def _broken_imports(self, copy: Path) -> dict[str, str]:
        # Importing a program's __main__ runs the program.
        names = [m.name for m in self.component.modules if not m.name.endswith("__main__")]
        folder = Path(tempfile.mkdtemp(prefix="imports-", dir=self.sandbox.home / "tmp"))
        try:
            # Opened before any import: one may put something else in the file's place.
            with (folder / "broken").open("w+", encoding="utf-8") as record:
                self.sandbox.hand_over(folder)
                done = self.sandbox.run(
                    [str(self.sandbox.python), "-c", _IMPORT_EACH, record.name, *names],
                    cwd=copy,
                    env={"PYTHONPATH": str(copy / self.component.import_root)},
                    limits=_IMPORT_LIMITS,
                )
                return _BROKEN.validate_json(record.read())
        except ValueError:
            why = "took too long" if done.timed_out else f"ended the process ({done.returncode})"
            return dict.fromkeys(names, f"importing {why}")
        finally:
            remove(folder)


def write(sources: Sources, copy: Path) -> None:
    """Put a copy into a state."""
    for path, source in sources.items():
        (copy / path).write_bytes(source)


def objection(bench: Bench, before: Sources, after: Sources, seen: Behaviour) -> str | None:
    """What reading a change already says against it, or ``None``.

    Args:
        bench: Knows the component and the repository around it.
        before: The state that the change started from.
        after: The state with the change.
        seen: The behaviour of the untouched base.
    """
    changed = [m for m in bench.component.modules if before[m.path] != after[m.path]]
    for module in changed:
        old, new = before[module.path], after[module.path]
        try:
            differences = surface_changes(module.name, old, new)
        except SyntaxError as error:
            return f"{module.path} does not compile any more: {error.msg}"
        if differences:
            return f"The public interface changes: {'; '.join(differences)}"
        lost = lost_imports(old, new)
        if lost and (files := takers(bench.snapshot.path, module.name, lost)):
            return f"{', '.join(files)}: takes from {module.name} what it would no longer import"
    unproven = [m for m in changed if not same_code(before[m.path], after[m.path])]
    if unproven and not seen.shown:
        return "No test of the component passes that could show whether its behaviour stays."
    return None
