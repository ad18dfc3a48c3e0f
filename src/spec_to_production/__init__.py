"""From a spec to tests that are shown to be real."""

__version__ = "1.0.0"
