from spec_to_production.components.baseline import run_baseline
from spec_to_production.components.discovery import (
    find_component,
    package_files,
    place_of,
    unread_modules,
)
from spec_to_production.components.suite import EXISTING_TEST_S, run_suite

__all__ = [
    "EXISTING_TEST_S",
    "find_component",
    "package_files",
    "place_of",
    "run_baseline",
    "run_suite",
    "unread_modules",
]
