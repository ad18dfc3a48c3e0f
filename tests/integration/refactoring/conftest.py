import pytest

from spec_to_production.components.suite import run_suite
from spec_to_production.refactoring import recheck, refactor
from spec_to_production.refactoring.proof import Bench
from spec_to_production.results import Baseline, Component, GeneratedFile, Module
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot
from support.repositories import reachable_folder, write_checkout


@pytest.fixture
def place():
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def checkout(place):
    """Writes a small repository with the component ``shop`` and returns its root."""

    def write(modules, tests=(), *, pytest_options="", **others):
        files = {
            "src/shop/__init__.py": "",
            **{f"src/shop/{name}.py": text for name, text in modules.items()},
            **{f"tests/test_{name}.py": text for name, text in dict(tests).items()},
            **{name.replace("__", "."): text for name, text in others.items()},
        }
        return write_checkout(place / "checkout", files, pytest_options=pytest_options)

    return write


class Case:
    """One component, taken through refactoring as the workflow does it."""

    def __init__(self, place, root, python):
        self.root = root
        self._place = place
        self._sandbox = Sandbox.prepare(place / "sandbox", python)
        self._snapshot = Snapshot.take(root, place / "snapshot")
        self._component = Component(
            name="shop",
            path="src/shop",
            import_root="src",
            modules=tuple(
                Module(path=f"src/shop/{path.name}", name=f"shop.{path.stem}", lines=1)
                for path in sorted((root / "src/shop").glob("[!_]*.py"))
            ),
            test_files=tuple(f"tests/{p.name}" for p in sorted(root.glob("tests/test_*.py"))),
            tests_dir="tests",
        )

    def refactor(self):
        copy = self._snapshot.copy(self._place / "base")
        suite = run_suite(
            self._component.test_files, copy, self._sandbox, import_root="src", options=()
        )
        return refactor(
            self._component,
            self._snapshot,
            Baseline(**suite.model_dump()),
            self._sandbox,
            self._place / "work",
        )

    def recheck(self, refactoring, accepted):
        files = [GeneratedFile(path=path, content=text) for path, text in accepted.items()]
        return recheck(
            refactoring, self._component, self._snapshot, self._sandbox, self._place / "re", files
        )

    def observe(self, accepted):
        """What is seen of the untouched component, with these tests beside its own."""
        files = [GeneratedFile(path=path, content=text) for path, text in accepted.items()]
        bench = Bench(self._component, self._snapshot, self._sandbox, self._place / "seen", files)
        return bench.observe({})


@pytest.fixture
def case(place, lean_python):
    return lambda root: Case(place, root, lean_python)
