"""What an earlier run measured, under a seal that only this user's runs can make.

Verdicts depend on content alone: on the code, the tests, the spec, the environment and this tool.
Where all of it is as an earlier run left it, measuring again would say the same. What that run
found is kept in the folder that the user keeps between runs. Others may write there, so it bears
an HMAC-SHA256 (RFC 2104) whose secret neither agents, nor tests, nor the run of a fork can read;
what lacks it is left aside.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from spec_to_production.results import Baseline, Gate, Refactoring, Value, Verification
from spec_to_production.shelf import Shelf

_LARGEST = 32 << 20
_PURPOSE = b"spec-to-production attestation 1"
"""Binds the seal to this use of the secret, and to this form of the file."""


class Findings(Value):
    """What a run measured of a component and its tests."""

    measured_at: str
    """When that run began: ISO 8601, UTC."""
    baseline: Baseline
    verification: Verification
    refactoring: Refactoring | None = None
    gates: tuple[Gate, ...] = ()


class Attestations:
    """The findings below a folder, each a file: its seal in the first line, then JSON.

    Args:
        folder: Made when the first findings are kept.
        secret: What the seal is made with.
        tell: Takes a line about findings that cannot be used.
    """

    def __init__(self, folder: Path, secret: str, tell: Callable[[str], None]) -> None:
        self._shelf = Shelf(folder / "attestations", largest=_LARGEST)
        self._secret = secret.encode()
        self._tell = tell

    def find(self, key: str) -> Findings | None:
        """What an earlier run measured of the same content, or ``None``."""
        try:
            content = self._shelf.get(key)
            if content is None:
                return None
            seal, _, body = content.partition(b"\n")
            if not hmac.compare_digest(seal, self._seal(key, body)):
                raise ValueError("its seal is not of this user's key")  # noqa: TRY301
            return Findings.model_validate_json(body)
        except (OSError, ValueError) as error:
            what = "of another form" if isinstance(error, ValidationError) else str(error)
            self._tell(f"the findings of an earlier run are ignored: {what}")
            return None

    def keep(self, key: str, findings: Findings) -> None:
        """Keep findings for later runs.

        Raises:
            OSError: They cannot be written.
        """
        body = findings.model_dump_json().encode()
        self._shelf.put(key, self._seal(key, body) + b"\n" + body)

    def _seal(self, key: str, body: bytes) -> bytes:
        sealed = b"\0".join((_PURPOSE, key.encode(), body))
        return hmac.new(self._secret, sealed, hashlib.sha256).hexdigest().encode()


def key_of(*facts: object) -> str:
    """A name for content: the same for the same facts (what JSON can hold), for no others."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def own_code() -> str:
    """A digest of this tool's own files: other code may come to other verdicts."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(package)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
