"""Carries a run's overlay and its clock into the Python processes that a test starts."""

# ruff: noqa: INP001 - Python looks for this name on its path

import json
import os
import pathlib
import sys

_CARRIED = os.environ.get("SPEC_TO_PRODUCTION_RUN")
if _CARRIED:
    _run = json.loads(pathlib.Path(_CARRIED).read_text("utf-8"))
    sys.path.append(_run["runner"])
    from spec_to_production_runner import clock, overlay  # type: ignore[import-not-found]

    overlay.lay(_run["overlay"])
    if _run["clock"]:
        clock.shift(_run["clock"])
