"""Requirements are installed by real pip, from a package made here."""

import os
import sys
from pathlib import Path

import pytest

from spec_to_production.environment import install
from spec_to_production.errors import InputError
from spec_to_production.sandbox import Sandbox

pytestmark = pytest.mark.integration


@pytest.fixture
def place(open_folder):
    code = open_folder / "code"
    (code / "lib").mkdir(parents=True)
    (code / "lib/pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
    )
    (code / "lib/backend.py").write_text(
        "import os, zipfile\n"
        "META = 'Metadata-Version: 2.1\\nName: needed\\nVersion: 1\\n'\n"
        "def build_wheel(folder, *_):\n"
        "    name = 'needed-1-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:\n"
        "        wheel.writestr('needed.py', f'ENVIRONMENT = {dict(os.environ)!r}')\n"
        "        wheel.writestr('needed-1.dist-info/METADATA', META)\n"
        "        wheel.writestr('needed-1.dist-info/WHEEL', 'Wheel-Version: 1.0\\n"
        "Root-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
        "        wheel.writestr('needed-1.dist-info/RECORD', '')\n"
        "    return name\n"
    )
    (code / "requirements.txt").write_text("./lib\n")
    sandbox = Sandbox.prepare(open_folder / "sandbox")
    sandbox.hand_over(code)
    return open_folder, code, sandbox


def test_what_a_requirement_file_names_can_be_imported_beside_pytest(place):
    folder, code, sandbox = place
    env = {**os.environ, "GITHUB_TOKEN": "canary"}

    python = install(
        Path(sys.executable),
        ["requirements.txt"],
        sandbox,
        code=code,
        folder=folder / "environment",
        env=env,
    )

    done = sandbox.run(
        [str(python), "-c", "import needed, pytest, coverage; print(needed.ENVIRONMENT)"],
        cwd=folder,
    )
    assert done.returncode == 0, done.output
    assert "canary" not in done.output


def test_what_cannot_be_installed_is_bad_input_with_pips_own_words(place):
    folder, code, sandbox = place

    with pytest.raises(InputError, match="no-such-file"):
        install(
            Path(sys.executable),
            ["./no-such-file"],
            sandbox,
            code=code,
            folder=folder / "environment",
            env={},
        )
