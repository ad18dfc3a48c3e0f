"""Secrets in files, told by their form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_RESERVED = (
    r"(?i:(?:[\w-]+\.)*(?:example(?:\.(?:com|net|org))?|test|invalid|localhost))(?!\.?[\w-])"
)
"""A host that nobody can have, for examples and tests: RFC 2606."""
ISSUED = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
    "GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "Google API key": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "model provider key": r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}",
    "package index token": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "password in an address": (
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"']+:[^\s/:@\"'{}$<>]{3,}@"
        rf"(?!{_RESERVED})[\w.-]+"
    ),
}
"""Forms of secrets, as their issuers document them."""
WRITTEN = {
    "password": (
        r"(?i)\b\w*(?:password|passwd|secret|api_?key|token)\w*[\"']?\s*(?::\s*str\s*)?[:=]\s*"
        r"[\"'](?![^\"']*[<{$])[^\"'\s]{8,}[\"']"
    )
}
"""A value beside such a name: for code only, because the passwords in tests are made up."""


def secrets_in(copy: Path, paths: Sequence[str], forms: Mapping[str, str]) -> Iterator[str]:
    """Where a file has something in one of the forms; the secret itself is never repeated.

    Args:
        copy: The repository.
        paths: Files and folders in it.
        forms: Regular expressions by the kind of secret.
    """
    for path in sorted({file for start in paths for file in _files(copy / start)}):
        text = path.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            for kind, form in forms.items():
                if re.search(form, line):
                    yield f"{path.relative_to(copy).as_posix()}:{number}: looks like a {kind}"


def _files(start: Path) -> Iterator[Path]:
    if start.is_file():
        yield start
    else:
        found = (path for path in start.rglob("*") if path.is_file())
        yield from (path for path in found if ".git" not in path.parts)
