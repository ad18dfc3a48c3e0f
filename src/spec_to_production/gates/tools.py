"""Gates that run a tool on the proposed state: linter, type checker, search for weak spots."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from spec_to_production.gates.proposal import Proposal
from spec_to_production.gates.secrets import ISSUED, WRITTEN, secrets_in
from spec_to_production.gates.wording import first_of
from spec_to_production.results import Gate
from spec_to_production.ruff import Ruff, configured_tools
from spec_to_production.sandbox import Limits

_CHECKER_LIMITS = Limits(wall_s=300)
_RULES = ("S1", "S2", "S3", "S5", "S6", "S7")
_LEFT_OUT = frozenset(
    {"S101", "S105", "S106", "S107", "S110", "S112", "S311", "S603", "S606", "S607"}
)
"""Of flake8-bandit's rules those that bandit grades as low. Three of them tell a password by
its variable's name alone; here it takes the form of one, too.
"""


def linting(proposal: Proposal) -> Gate:
    """Ruff on the component and the new tests, by the project's rules."""
    with proposal.copy() as copy:
        paths = [*proposal.modules, *(file.path for file in proposal.new_tests)]
        findings = Ruff(proposal.sandbox, copy).check(paths)
    return _none_found("linting", [str(finding) for finding in findings])


def type_checking(proposal: Proposal) -> Gate:
    """The type checker that the project is set up for, on the component."""
    checkers = list(_configured_checkers(proposal.snapshot.path))
    if not checkers:
        detail = "The project has no settings for mypy or pyright."
        return Gate(name="type_checking", status="skipped", detail=detail)
    gates = [_run_checker(proposal, checker) for checker in checkers]
    return next((gate for gate in gates if gate.status != "passed"), gates[0])


def security(proposal: Proposal) -> Gate:
    """Weak spots by ruff's security rules, and secrets by their form, as the files stand.

    Nothing can be white-listed: settings, ``noqa`` comments and baseline files do not count.
    """
    tests = [file.path for file in proposal.new_tests]
    with proposal.copy() as copy:
        ruff = Ruff(proposal.sandbox, copy)
        weak = [
            str(finding)
            for finding in ruff.check([*proposal.modules, *tests], _RULES)
            if finding.code not in _LEFT_OUT
            and not (finding.code == "S108" and finding.path in tests)
        ]
        secrets = [
            *secrets_in(copy, [proposal.component.path, *tests], ISSUED),
            *secrets_in(copy, proposal.modules, WRITTEN),
        ]
    return _none_found("security", [*secrets, *weak])


def _none_found(name: str, findings: Sequence[str]) -> Gate:
    return Gate(
        name=name,
        status="failed" if findings else "passed",
        detail=first_of(findings),
        actual=len(findings),
        threshold=0,
        unit="count",
    )


def _configured_checkers(root: Path) -> Iterator[str]:
    tools = configured_tools(root)
    setup = configparser.ConfigParser(interpolation=None)
    try:
        setup.read(root / "setup.cfg", "utf-8")
    except (configparser.Error, UnicodeDecodeError):
        setup.clear()
    own_file = any((root / name).is_file() for name in ("mypy.ini", ".mypy.ini"))
    if "mypy" in tools or own_file or setup.has_section("mypy"):
        yield "mypy"
    if "pyright" in tools or (root / "pyrightconfig.json").is_file():
        yield "pyright"


def _run_checker(proposal: Proposal, checker: str) -> Gate:
    # A checker's plugins are code of the project, so it runs where tests run.
    python, sandbox = str(proposal.sandbox.python), proposal.sandbox
    quiet = ["--cache-dir=/dev/null", "--no-error-summary"] if checker == "mypy" else []
    with proposal.copy() as copy:
        sandbox.hand_over(copy)
        done = sandbox.run(
            [python, "-m", checker, *quiet, *proposal.modules], cwd=copy, limits=_CHECKER_LIMITS
        )
    errors = [line.strip() for line in done.output.splitlines() if re.search(r"\berror:", line)]
    if done.returncode == 0 and not done.timed_out:
        return _none_found("type_checking", [])
    if done.returncode == 1 and errors:
        return _none_found("type_checking", errors)
    said = "it took too long" if done.timed_out else done.output.strip()[-300:]
    if said.endswith(f"No module named {checker}"):
        said = f"it is not installed. Name {checker} in requirements, with what its settings need"
    detail = f"The project is set up for {checker}, but it could not run: {said}"
    return Gate(name="type_checking", status="error", detail=detail, threshold=0, unit="count")
