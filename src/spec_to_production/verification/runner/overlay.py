"""Another version of source files, for this process only: nothing on disk changes."""

from __future__ import annotations

import importlib.machinery
from collections.abc import Mapping
from types import CodeType
from typing import Any


def lay(sources: Mapping[str, str]) -> None:
    """From now on, importing one of these files (absolute path) gives this source instead."""
    if not sources:
        return
    loader = importlib.machinery.SourceFileLoader
    original = loader.get_code

    def get_code(self: Any, fullname: str) -> CodeType | None:  # noqa: ANN401
        source = sources.get(self.path)
        if source is None:
            return original(self, fullname)
        code: CodeType = compile(source, self.path, "exec", dont_inherit=True)
        return code

    loader.get_code = get_code  # type: ignore[method-assign]
