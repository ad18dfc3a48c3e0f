from spec_to_production.components.baseline import run_baseline
from spec_to_production.components.discovery import find_component
from spec_to_production.components.suite import run_suite

__all__ = ["find_component", "run_baseline", "run_suite"]
