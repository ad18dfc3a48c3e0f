"""What may be wrong with an archive that somebody else made."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib

UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    OverflowError,
    RecursionError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What reading an archive that others made may end with."""
