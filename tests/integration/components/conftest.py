import shutil
import tempfile
from pathlib import Path

import pytest

from spec_to_production.results import Component, Module
from spec_to_production.sandbox import Sandbox


@pytest.fixture
def place():
    """A folder that the sandbox's user can reach: pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="components-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def sandbox(place, lean_python):
    return Sandbox.prepare(place / "sandbox", lean_python)


@pytest.fixture
def project(place):
    """Writes files into a small repository and returns its root."""
    root = place / "repo"
    root.mkdir()
    (root / "pytest.ini").write_text("[pytest]\n")

    def write(files):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return root

    return write


@pytest.fixture
def calc():
    return Component(
        name="calc",
        path="src/calc",
        import_root="src",
        modules=(Module(path="src/calc/ops.py", name="calc.ops", lines=5),),
        tests_dir="tests",
    )
