# ruff: noqa: INP001 - a script, not a package
"""The steps of a release that need no network; .github/workflows/release.yml has the others.

python3 scripts/release.py check 1.2.3
python3 scripts/release.py pin IMAGE@sha256:…
python3 scripts/release.py notes 1.2.3
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).parents[1]


class ReleaseError(Exception):
    """The release cannot be made as things stand; the text says why."""


def check(version: str, package: str, changelog: str, tags: Collection[str]) -> None:
    """Refuse a version that is none, is released, or that package or changelog do not know."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ReleaseError(f"{version!r} is not of the form 1.2.3.")
    if f'__version__ = "{version}"' not in package:
        raise ReleaseError(f"src/spec_to_production/__init__.py does not say {version}.")
    if f"v{version}" in tags:
        raise ReleaseError(
            f"v{version} exists. If its release stopped half-way, re-run that run's failed job."
        )
    notes(version, changelog)


def pin(image: str, action: str) -> str:
    """The text of ``action.yml`` that runs a published image instead of building one."""
    if not re.fullmatch(r"[\w./-]+:v[\w.-]+@sha256:[0-9a-f]{64}", image):
        raise ReleaseError(f"{image!r} does not name an image by its digest.")
    pinned, times = re.subn(
        r"^  image: Dockerfile$", f"  image: docker://{image.lower()}", action, flags=re.MULTILINE
    )
    if times != 1:
        raise ReleaseError("action.yml has no line '  image: Dockerfile'.")
    return pinned


def notes(version: str, changelog: str) -> str:
    """What CHANGELOG.md tells of a version."""
    section = rf"^## \[?{re.escape(version)}\]?.*?\n(.*?)(?=^## |\Z)"
    found = re.search(section, changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise ReleaseError(f"CHANGELOG.md tells nothing of {version}.")
    return found[1].strip() + "\n"


def _tags() -> list[str]:
    command = ["git", "tag"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def main(arguments: list[str]) -> int:
    """Carry out one step."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("step", choices=("check", "pin", "notes"))
    parser.add_argument("subject")
    given = parser.parse_args(arguments)
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    try:
        if given.step == "check":
            package = (ROOT / "src/spec_to_production/__init__.py").read_text("utf-8")
            check(given.subject, package, changelog, _tags())
        elif given.step == "pin":
            action = ROOT / "action.yml"
            action.write_text(pin(given.subject, action.read_text("utf-8")), "utf-8")
        else:
            sys.stdout.write(notes(given.subject, changelog))
    except ReleaseError as error:
        sys.stderr.write(f"release: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
