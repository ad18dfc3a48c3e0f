"""Tables in files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from records.codec import dumps, loads


@contextlib.contextmanager
def open_table(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The records of a file, saved when the block ends well."""
    records = loads(path.read_text(encoding="utf-8")) if path.exists() else []
    yield records
    path.write_text(dumps(records, checksum=True), encoding="utf-8")
