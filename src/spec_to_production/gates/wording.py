from __future__ import annotations

from collections.abc import Sequence

_QUOTED = 3


def first_of(findings: Sequence[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = f" … and {len(findings) - _QUOTED} more" if len(findings) > _QUOTED else ""
    return "; ".join(findings[:_QUOTED]) + more
