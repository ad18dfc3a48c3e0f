"""Verification: every generated test is run until its verdict is certain."""

from spec_to_production.verification.candidates import load_tests, set_aside, text_of
from spec_to_production.verification.verifier import Effort, Verifier

__all__ = ["Effort", "Verifier", "load_tests", "set_aside", "text_of"]
