from records.codec import ChecksumError, FormatError, dumps, loads
from records.table import open_table

__all__ = ["ChecksumError", "FormatError", "dumps", "loads", "open_table"]
