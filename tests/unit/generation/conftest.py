import pytest

from spec_to_production.generation.prompts import Prompts
from spec_to_production.results import (
    Component,
    Criterion,
    LineRange,
    Module,
    Requirement,
    Spec,
)
from spec_to_production.snapshot import Snapshot, git

ADD = '"""Sums."""\n\ndef add(a, b):\n    return a + b\n'
MEMORY = "class Memory:\n    def recall(self):\n        return 0\n"


def requirement(id_, text, **more):
    return Requirement(
        id=id_,
        title=more.pop("title", id_),
        text=text,
        lines=LineRange(start=1, end=2),
        criteria=(Criterion(text=f"{text}, always", line=2),),
        **more,
    )


@pytest.fixture
def spec():
    return Spec(
        path="specs/calc.md",
        title="Calc",
        source="…",
        requirements=(
            requirement("FR-1", "`add` gives the sum", priority="high"),
            requirement("FR-2", "`recall` gives what was stored", priority="low"),
            requirement("FR-3", "errors are clear"),
            requirement("NFR-1", "`add` is fast", kind="non_functional"),
        ),
        api="def add(a, b): ...",
        target_coverage=80.0,
    )


@pytest.fixture
def component():
    return Component(
        name="calc",
        path="src/calc",
        import_root="src",
        modules=(
            Module(path="src/calc/sums.py", name="calc.sums", lines=4),
            Module(path="src/calc/store/memory.py", name="calc.store.memory", lines=3),
        ),
        test_files=("tests/calc/test_other.py", "tests/calc/test_sums.py"),
        tests_dir="tests/calc",
    )


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory):
    """Shared, because taking one starts git several times: tests that write use a copy."""
    folder = tmp_path_factory.mktemp("generation")
    root = folder / "checkout"
    for path, text in {
        "src/calc/sums.py": ADD,
        "src/calc/store/memory.py": MEMORY,
        "tests/calc/test_sums.py": "def test_sum():\n    assert True\n",
        "tests/calc/test_other.py": "def test_other():\n    pass\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git("init", "--quiet", cwd=root)
    return Snapshot.take(root, folder / "base")


@pytest.fixture
def prompts(spec, component, snapshot):
    return Prompts(spec, component, snapshot.path)
