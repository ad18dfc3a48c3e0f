"""The state that the run proposes: the base with the kept refactoring and the accepted tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spec_to_production.results import (
    Baseline,
    Component,
    GeneratedFile,
    Refactoring,
    Spec,
    Target,
    Verification,
)
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot, git


@dataclass(frozen=True)
class Proposal:
    """What the gates look at, and where they may run it.

    Attributes:
        coverage_threshold: Percent, from the settings; ``None`` leaves it to target and spec.
    """

    target: Target
    spec: Spec
    component: Component
    snapshot: Snapshot
    sandbox: Sandbox
    work: Path
    baseline: Baseline | None
    verification: Verification | None
    refactoring: Refactoring | None
    coverage_threshold: float | None

    @property
    def new_tests(self) -> tuple[GeneratedFile, ...]:
        """The accepted tests."""
        return self.verification.files if self.verification else ()

    @property
    def modules(self) -> list[str]:
        """Paths of the component's modules."""
        return [module.path for module in self.component.modules]

    @contextlib.contextmanager
    def copy(self) -> Iterator[Path]:
        """A copy of its own for each gate, which the sandbox's user can only read at first.

        Raises:
            GitError: The refactoring does not apply to the base.
        """
        with self.snapshot.lend(self.work) as copy:
            if self.refactoring and self.refactoring.patch:
                git("apply", "-", cwd=copy, stdin=self.refactoring.patch)
            for file in self.new_tests:
                path = copy / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file.content, "utf-8", newline="")
            yield copy
