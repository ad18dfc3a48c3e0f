"""Between the agent and the model's provider: the key stays here, and so does the purse."""

from spec_to_production.gateway.budget import Budget, Spent
from spec_to_production.gateway.prices import Price, find_price
from spec_to_production.gateway.providers import Provider, find_provider
from spec_to_production.gateway.server import Gateway

__all__ = [
    "Budget",
    "Gateway",
    "Price",
    "Provider",
    "Spent",
    "find_price",
    "find_provider",
]
