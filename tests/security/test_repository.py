"""What is in this repository itself."""

import subprocess
from pathlib import Path

from spec_to_production.gates.secrets import ISSUED, secrets_in

ROOT = Path(__file__).parents[2]


def test_no_file_of_the_repository_holds_a_secret():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert list(secrets_in(ROOT, listed.stdout.strip("\0").split("\0"), ISSUED)) == []
