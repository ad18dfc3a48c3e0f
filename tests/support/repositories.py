"""Small repositories that tests run in the sandbox."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from spec_to_production.snapshot import git


@contextlib.contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the sandbox's user can reach: pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="spec-to-production-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def write_checkout(root: Path, files: Mapping[str, str], *, pytest_options: str = "") -> Path:
    """A git checkout with these texts by path."""
    settings = f"[pytest]\naddopts = {pytest_options}\n"
    for name, text in {"pytest.ini": settings, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    git("init", "--quiet", cwd=root)
    return root
