"""The labelled corpus: components, their candidates, and what each candidate is.

A label is what a senior engineer would say of the test, whatever a verifier says. Labels stand
in ``labels.toml`` beside each component as ``[label]`` tables of ``"file::test" = "why"``; a
``file`` alone labels everything in it, and a parametrised case may have a label of its own.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

ACCEPTABLE = frozenset({"good"})
DISPUTABLE = frozenset({"bug_revealing"})
NO_BAR = frozenset({"enshrines", "flaky_2"})
"""Labels without a bar of nought: a test that asserts the planted bug is, to whoever runs it,
like any other that passes; and of tests that fail in 2 % of runs up to 30 % may pass."""


@dataclass(frozen=True)
class Candidate:
    """One labelled test, or one file without a test that could be told apart."""

    component: str
    id: str
    label: str
    why: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return self.id.partition("::")[0]


@dataclass(frozen=True)
class Component:
    """A small project with a spec, an incomplete suite and candidates to judge."""

    folder: Path

    @property
    def name(self) -> str:
        """Its name, which is its import name, too."""
        return self.folder.name

    @property
    def source(self) -> Path:
        """The package or module under test, relative to the folder."""
        package = Path("src", self.name)
        return package if (self.folder / package).is_dir() else package.with_suffix(".py")

    @property
    def tests_dir(self) -> Path:
        """Where its tests live, relative to the folder."""
        own = Path("tests", self.name)
        return own if (self.folder / own).is_dir() else Path("tests")

    @property
    def mend(self) -> Path | None:
        """The patch that takes the planted bug out, where there is one."""
        patch = self.folder / "mend.patch"
        return patch if patch.exists() else None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of candidates."""
        return tuple(sorted((self.folder / "candidates").glob("*.py")))

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """All labelled candidates."""
        tables = tomllib.loads((self.folder / "labels.toml").read_text(encoding="utf-8"))
        return tuple(
            Candidate(self.name, test, label, why)
            for label, tests in tables.items()
            if isinstance(tests, dict)
            for test, why in tests.items()
        )

    def labelled(self, *labels: str) -> tuple[Candidate, ...]:
        """The candidates with one of these labels."""
        return tuple(each for each in self.candidates if each.label in labels)

    def candidate(self, test: str) -> Candidate | None:
        """What stands for a test: its case, else its function, else its file."""
        known = {each.id: each for each in self.candidates}
        for name in (test, test.partition("[")[0], test.partition("::")[0]):
            if name in known:
                return known[name]
        return None

    def checkout(self, to: Path) -> Path:
        """A copy as a project that has not seen the candidates."""
        hidden = shutil.ignore_patterns("candidates", "labels.toml", "mend.patch", "__pycache__")
        return Path(shutil.copytree(self.folder, to, ignore=hidden))


def components(names: tuple[str, ...] = ()) -> Iterator[Component]:
    """The corpus, or the named components of it, in alphabetical order."""
    for labels in sorted(CORPUS.glob("*/labels.toml")):
        if not names or labels.parent.name in names:
            yield Component(labels.parent)
