"""The Python that runs the component's tests, with what the component needs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from spec_to_production.errors import InputError, SandboxError, SettingsError
from spec_to_production.package_index import without_passwords
from spec_to_production.sandbox import Limits, Sandbox

_RUNS_TESTS = ("pytest", "coverage", "time-machine")
_INSTALL = Limits(wall_s=900, file_mb=2048)
_PASSED_ON = (
    "PIP_",
    "SSL_CERT_",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
)
"""What pip needs to reach an index: the beginnings of variables, in either case."""
_DESCRIBE = """
import importlib.metadata, json, platform, sys, time
found = [each for each in importlib.metadata.distributions() if each.name != "spec-to-production"]
print(sys.version, sys.platform, platform.machine())
print(*sorted(f"{each.name} {each.version}" for each in found))
if any("dir_info" in json.loads(each.read_text("direct_url.json") or "{}") for each in found):
    print(time.time_ns())
"""


def describe(python: Path, sandbox: Sandbox) -> str:
    """What is installed for a Python, itself and its machine included, in words of its own.

    The same words mean the same packages: where one is installed from a folder, which may change
    without a new version, the words are other ones each time.

    Raises:
        SandboxError: It does not run.
    """
    done = sandbox.run([str(python), "-c", _DESCRIBE], cwd=sandbox.home / "tmp")
    if done.returncode != 0:
        raise SandboxError(f"{python} cannot tell what is installed: {done.output.strip()[-500:]}")
    return done.output


def require(python: Path, modules: Sequence[str], sandbox: Sandbox) -> None:
    """Make sure that the user's Python runs in the sandbox, and has these modules.

    Raises:
        SettingsError: It does not.
    """
    if shutil.which(python) is None:
        raise SettingsError(
            f"python: {python} is no program that can be run.",
            hint="Give the path of a Python that has pytest and coverage.",
        )
    code = "".join(f"import {name}\n" for name in modules)
    done = sandbox.run([str(python), "-c", code], cwd=sandbox.home / "tmp")
    if done.returncode != 0:
        last_words = done.output.strip().rpartition("\n")[2][-200:] or "no output"
        raise SettingsError(
            f"python: {python} cannot run tests: {last_words}",
            hint="It needs pytest and coverage; install them or name another one.",
        )


def install(
    python: Path,
    requirements: Sequence[str],
    sandbox: Sandbox,
    *,
    code: Path,
    folder: Path,
    env: Mapping[str, str],
) -> Path:
    """Make an environment with the requirements, and with what runs tests; gives its Python.

    Packages run code of their own while they are installed, so pip runs in the sandbox: with
    the network, without anything else of ours, the passwords of package indexes included.

    Args:
        python: The interpreter to build on.
        requirements: Requirement files of the checkout, or packages as pip names them.
        sandbox: Where pip runs.
        code: A copy of the checkout; a requirement may be a path in it.
        folder: Where the environment is made.
        env: The environment of this process, for the settings that pip needs.

    Raises:
        InputError: pip could not install them; the message has its last words.
    """
    made = subprocess.run(
        [str(python), "-I", "-m", "venv", str(folder)],
        env=sandbox.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise SandboxError(
            f"{python} cannot make an environment: {(made.stdout + made.stderr).strip()[-500:]}",
            hint="On Debian and Ubuntu: apt-get install python3-venv.",
        )
    sandbox.hand_over(folder)
    files = [("-r", name) if (code / name).is_file() else (name,) for name in requirements]
    passed_on = {name: env[name] for name in env if name.upper().startswith(_PASSED_ON)}
    with without_passwords(passed_on) as reached:
        done = sandbox.run(
            [
                str(folder / "bin" / "python"),
                *("-m", "pip", "install", "--quiet", "--no-input", "--no-cache-dir"),
                *_RUNS_TESTS,
                *(word for words in files for word in words),
            ],
            cwd=code,
            env=reached,
            limits=_INSTALL,
            network=True,
        )
    if done.returncode != 0:
        raise InputError(
            f"requirements: pip could not install {' '.join(requirements)}:\n"
            f"{done.output.strip()[-1500:]}",
            hint="Name requirement files of the repository, or packages.",
        )
    return folder / "bin" / "python"
