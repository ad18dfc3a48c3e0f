"""Between the agent and the model's provider: the key stays here, and so does the purse."""

from spec_to_production.gateway.prices import Price, find_price
from spec_to_production.gateway.providers import Provider, find_provider
from spec_to_production.gateway.purse import Purse, Spent
from spec_to_production.gateway.server import Gateway

__all__ = [
    "Gateway",
    "Price",
    "Provider",
    "Purse",
    "Spent",
    "find_price",
    "find_provider",
]
