import shutil
import tempfile
from importlib.metadata import entry_points
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
def sandbox(place):
    return Sandbox.prepare(place / "sandbox")


# Plugins of the tool's own tests have no part in these projects, and are slow to load.
SETTINGS = "[pytest]\naddopts = {}\n".format(
    " ".join(f"-pno:{plugin.name}" for plugin in entry_points(group="pytest11"))
)


@pytest.fixture
def project(place):
    """Writes files into a small repository and returns its root."""
    root = place / "repo"
    root.mkdir()
    (root / "pytest.ini").write_text(SETTINGS)

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
