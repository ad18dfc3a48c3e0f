"""A certificate for 127.0.0.1 that no system knows."""

from __future__ import annotations

import subprocess
from pathlib import Path


def self_signed(folder: Path) -> tuple[Path, Path]:
    """The certificate for those who trust it; and the same with its key, for a server."""
    public, both = folder / "own.crt", folder / "own.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    name = ("-subj", "/CN=own", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(
        ["openssl", "req", "-x509", *curve, "-days", "2", *name, "-keyout", both, "-out", public],
        check=True,
        capture_output=True,
    )
    both.write_bytes(both.read_bytes() + public.read_bytes())
    return public, both
