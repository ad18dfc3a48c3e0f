from integration.openhands.conftest import base, until

__all__ = ["base", "until"]
