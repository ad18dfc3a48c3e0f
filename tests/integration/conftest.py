"""The real agent server and the recorded model behind it, for every integration test."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from spec_to_production.openhands import EmbeddedServer
from spec_to_production.openhands.interface import Model
from spec_to_production.settings import cache_folder
from support.lean_python import make_lean_python
from support.repositories import reachable_folder

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class RecordedModel:
    """The recorded model, and a folder of recordings that tests add to."""

    folder: Path
    base_url: str

    @property
    def model(self) -> Model:
        key = SecretStr("not-a-key")
        return Model("openai/recorded-test", key, self.base_url, retries=0)

    def record(self, *steps: Mapping[str, Any], files: Mapping[str, str] = {}) -> str:
        """Add a recording; gives the output path that selects it."""
        name = f"test_{uuid.uuid4().hex}"
        (self.folder / f"{name}.json").write_text(json.dumps(steps))
        for file, text in files.items():
            (self.folder / file).write_text(text)
        return f"tests/{name}.py"


@pytest.fixture(scope="session")
def recorded_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedModel]:
    """A model that answers what the test records."""
    path = ROOT / "examples" / "recorded_model" / "server.py"
    spec = importlib.util.spec_from_file_location("recorded_model", path)
    assert spec is not None
    assert spec.loader is not None
    server = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = server
    spec.loader.exec_module(server)
    folder = tmp_path_factory.mktemp("answers")
    with server.serving(folder) as base_url:
        yield RecordedModel(folder, base_url)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A short path that other users may pass through; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="s2p-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def lean_python() -> Iterator[Path]:
    """The interpreter of tests that run in the sandbox."""
    with reachable_folder() as folder:
        yield make_lean_python(folder / "python")


@pytest.fixture(scope="session")
def agent_server() -> Iterator[EmbeddedServer]:
    """One embedded agent server for all tests that leave it running."""
    with tempfile.TemporaryDirectory(prefix="s2p-") as folder:
        Path(folder).chmod(0o711)
        server = EmbeddedServer.start(Path(folder, "openhands"), cache_folder(), print)
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.close()


@pytest.fixture
def shop(tmp_path):
    """A checkout with a spec, a component and a test."""
    root = tmp_path / "shop"
    (root / "tests").mkdir(parents=True)
    (root / "spec.md").write_text("# Shop\n\n## FR-1: Net\n\nThe net of a price is itself.\n")
    (root / "shop.py").write_text("def net(price):\n    return price\n")
    (root / "tests" / "test_net.py").write_text(
        'import shop\n\n\ndef test_net():\n    """FR-1"""\n    assert shop.net(3) == 3\n'
    )
    subprocess.run(["git", "init", "-q", root], check=True)
    return root
