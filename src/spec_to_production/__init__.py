"""From a spec to tests that are shown to be real."""

__version__ = "0.1.0"
