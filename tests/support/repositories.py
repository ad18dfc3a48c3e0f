"""Small repositories that tests run in the sandbox."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from spec_to_production.snapshot import git

# Plugins of the tool's own tests have no part in these projects, and are slow to load.
_NO_PLUGINS = " ".join(f"-pno:{plugin.name}" for plugin in entry_points(group="pytest11"))


@contextlib.contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the sandbox's user can reach: pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="spec-to-production-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def write_checkout(root: Path, files: Mapping[str, str], *, pytest_options: str = "") -> Path:
    """A git checkout with these texts by path."""
    settings = f"[pytest]\naddopts = {_NO_PLUGINS} {pytest_options}\n"
    for name, text in {"pytest.ini": settings, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    git("init", "--quiet", cwd=root)
    return root
