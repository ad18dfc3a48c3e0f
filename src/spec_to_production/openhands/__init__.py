"""OpenHands, wherever it runs: conversations that work on private copies of the code."""

from spec_to_production.openhands.cloud import CloudServer
from spec_to_production.openhands.embedded import EmbeddedServer
from spec_to_production.openhands.fleet import Fleet
from spec_to_production.openhands.interface import OpenHands
from spec_to_production.openhands.remote import RemoteServer
from spec_to_production.openhands.separate import SeparateServers

__all__ = [
    "CloudServer",
    "EmbeddedServer",
    "Fleet",
    "OpenHands",
    "RemoteServer",
    "SeparateServers",
]
