"""What an answer costs by LiteLLM's list."""

import json

import pytest

from spec_to_production.gateway.meter import Used
from spec_to_production.gateway.prices import find_price

LIST = {
    "claude-x": {
        "input_cost_per_token": 3e-06,
        "input_cost_per_token_above_200k_tokens": 6e-06,
        "cache_read_input_token_cost": 3e-07,
        "cache_creation_input_token_cost": 4e-06,
        "output_cost_per_token": 1.5e-05,
        "output_cost_per_token_batches": 1,
    },
    "gemini/x": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    "free-of-words": {"input_cost_per_second": 1, "output_cost_per_second": 1},
}


@pytest.fixture
def price(tmp_path):
    file = tmp_path / "list.json"
    file.write_text(json.dumps(LIST))
    return lambda model: find_price(model, [file])


@pytest.mark.parametrize(
    ("used", "cost"),
    [
        (Used(prompt=1000, completion=100), 0.003 + 0.0015),
        (Used(cached=1000, kept=1000), 0.0003 + 0.004),
        (Used(prompt=200_000), 0.6),
        # Beyond the limit each token of the prompt is dearer; what is not listed so, is not.
        (Used(prompt=200_001, completion=100), 200_001 * 6e-06 + 0.0015),
        (Used(prompt=1, cached=200_000), 6e-06 + 0.06),
        (Used(prompt=1000, cost_usd=0.25), 0.25),
    ],
)
def test_each_use_has_its_rate(price, used, cost):
    assert price("anthropic/claude-x").of(used) == pytest.approx(cost)


def test_what_is_not_listed_for_a_cache_costs_as_any_prompt(price):
    assert price("gemini/x").of(Used(cached=1000, kept=1000)) == pytest.approx(0.002)


@pytest.mark.parametrize("model", ["openai/unheard-of", "free-of-words", "claude-x/other"])
def test_a_price_that_is_not_known_is_none(price, model):
    assert price(model) is None


def test_without_a_list_no_price_is_known():
    assert find_price("gpt-5", []) is None
