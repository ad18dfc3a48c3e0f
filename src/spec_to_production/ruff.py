"""Ruff, as this tool starts it: in the sandbox, on a copy, with the project's own settings.

The project's configuration decides the rules; where there is none, a selection stated here.
Ruff's configuration cannot run code, but it can name files to read: hence the sandbox.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, TimeoutExpired

from ruff import find_ruff_bin

from spec_to_production.errors import ToolError
from spec_to_production.sandbox import Limits, Sandbox

DEFAULT_RULES = ("F", "I", "UP", "SIM", "C4")
"""For a project that configures nothing: pyflakes, import order, and what is plainly simpler."""

_LIMITS = Limits(wall_s=60)


@dataclass(frozen=True)
class Finding:
    """One violation; ``safe`` says that ruff can mend it without changing what the code does."""

    code: str
    message: str
    path: str
    line: int
    safe: bool

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code} {self.message}"


@dataclass(frozen=True)
class Ruff:
    """Checks, mends and lays out files of one copy, which it only reads; paths are relative.

    Every method raises:
        ToolError: Ruff could not do its work; mostly the project's settings are at fault.
        SandboxError: It could not be started.
    """

    sandbox: Sandbox
    copy: Path

    def check(self, paths: Sequence[str], rules: Sequence[str] = ()) -> tuple[Finding, ...]:
        """What violates the project's rules; or the given ones, and then neither settings nor
        ``noqa`` comments count.
        """
        strict = ["--isolated", "--ignore-noqa", f"--select={','.join(rules)}"]
        chosen = strict if rules else self._rules(paths)
        output = self._run("check", *chosen, "--exit-zero", "--output-format=json", "--", *paths)
        return tuple(
            Finding(
                code=found["code"] or found["name"],
                message=found["message"],
                path=Path(found["filename"]).relative_to(self.copy.resolve()).as_posix(),
                line=found["location"]["row"],
                safe=(found["fix"] or {}).get("applicability") == "safe",
            )
            for found in json.loads(output)
        )

    def fix(self, path: str, codes: Sequence[str]) -> bytes:
        """A file's source with the safe fixes of the given rules, and nothing else, applied."""
        fixes = ["--fix-only", f"--fixable={','.join(codes)}", "--exit-zero"]
        return self._mended(path, "check", *self._rules([path]), *fixes)

    def format(self, path: str) -> bytes:
        """A file's source, laid out by ruff's formatter."""
        return self._mended(path, "format")

    def _rules(self, paths: Sequence[str]) -> list[str]:
        own = any(is_configured(self.copy, path) for path in paths)
        select = [] if own else [f"--select={','.join(DEFAULT_RULES)}"]
        return [*select, "--no-unsafe-fixes"]

    def _mended(self, path: str, *arguments: str) -> bytes:
        source = (self.copy / path).read_bytes()
        return self._run(*arguments, f"--stdin-filename={path}", "-", source=source)

    def _run(self, command: str, *arguments: str, source: bytes = b"") -> bytes:
        with self.sandbox.start(
            [find_ruff_bin(), command, "--no-cache", "--quiet", *arguments],
            cwd=self.copy,
            limits=_LIMITS,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        ) as process:
            try:
                output, errors = process.communicate(source, timeout=_LIMITS.wall_s)
            except TimeoutExpired:
                raise ToolError(f"ruff {command} took over {_LIMITS.wall_s:g} s.") from None
        if process.returncode != 0:
            said = errors.decode("utf-8", "replace").strip()[-500:]
            raise ToolError(
                f"ruff {command} ended with {process.returncode}: {said}",
                hint="Run ruff in the repository; mostly its settings there need mending.",
            )
        return output


def is_configured(root: Path, path: str) -> bool:
    """Whether the project has settings for ruff that hold for a file."""
    folders = [root / folder for folder in Path(path).parents]
    return any(
        (folder / name).is_file() for folder in folders for name in ("ruff.toml", ".ruff.toml")
    ) or any("ruff" in configured_tools(folder) for folder in folders)


def configured_tools(folder: Path) -> frozenset[str]:
    """The names under ``[tool]`` in a folder's ``pyproject.toml``; none where there is no such
    file, or where it cannot be read.
    """
    try:
        tools = tomllib.loads((folder / "pyproject.toml").read_text("utf-8")).get("tool")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return frozenset()
    return frozenset(tools) if isinstance(tools, dict) else frozenset()
