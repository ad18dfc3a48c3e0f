import json
from pathlib import Path

import pytest

from spec_to_production import backend
from spec_to_production.errors import SettingsError
from spec_to_production.openhands.installation import VARIABLE
from spec_to_production.settings import from_options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"openhands-url": "cloud"}, "openhands-api-key: not given"),
        (
            {"openhands-url": "https://mine.example, cloud", "openhands-api-key": "k"},
            "'cloud' cannot be combined",
        ),
    ],
)
def test_openhands_cloud_is_asked_with_its_own_key_only(tmp_path, options, problem):
    settings = from_options({"spec": "s.md", "component": "src/x", **options}, tmp_path, {})

    with pytest.raises(SettingsError, match=problem):
        backend.start(settings, Path("work"), {}, None, print)


KEY = "sk-0123456789abcdefghij"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"llm-model": "openai/gpt-5", "llm-api-key": KEY}, KEY),
        ({"llm-model": "openai/gpt-5"}, None),
        ({"llm-model": "openai/gpt-5", "llm-api-key": KEY, "openhands-url": "http://mine"}, None),
        ({"llm-model": "openai/gpt-5,bedrock/x", "llm-api-key": KEY}, None),
        ({"llm-model": "nobody-knows/x", "llm-api-key": KEY}, None),
        ({"llm-model": "openai/qwen", "llm-api-key": "ollama"}, None),  # anybody's guess
    ],
)
def test_a_seal_is_made_only_with_a_secret_that_no_agent_sees(tmp_path, options, key):
    settings = from_options({"spec": "s.md", "component": "src/x", **options}, tmp_path, {})

    assert backend.sealing_key(settings) == key


def reached(tmp_path, **options):
    given = {"spec": "s.md", "component": "src/x", "llm-model": "openai/gpt-5", **options}
    settings = from_options(given, tmp_path, {})
    env = {"HOME": str(tmp_path)}
    with backend.kept_from_agent(backend.models(settings), settings, 1, env, print) as models:
        return models


def test_a_key_that_a_known_provider_wants_is_asked_for_before_anything_is_started(tmp_path):
    with pytest.raises(SettingsError, match=r"llm-api-key: not given.* openai/gpt-5"):
        reached(tmp_path)


@pytest.mark.parametrize("where", ["llm-base-url", "openhands-url"])
def test_a_server_of_ones_own_may_want_no_key(tmp_path, where):
    assert reached(tmp_path, **{where: "http://mine.example"})


PRICES = {"gpt-5": {"input_cost_per_token": 1e-06, "output_cost_per_token": 1e-05}}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "Nothing limits what the model may cost; max-cost-usd or max-tokens would."),
        ({"max-cost-usd": 5}, "Jobs are stopped at $5.00 (max-cost-usd)."),
        (
            {"max-tokens": 1_000_000},
            "Jobs are stopped at 1,000,000 tokens (max-tokens), which cost at most $10.00.",
        ),
        (
            {"max-cost-usd": 5, "max-tokens": 1_000_000},
            (
                "Jobs are stopped at $5.00 (max-cost-usd) or 1,000,000 tokens (max-tokens), "
                "which cost at most $10.00."
            ),
        ),
        (
            {"max-cost-usd": 5, "llm-model": "openai/gpt-5,openai/new"},
            (
                "Jobs are stopped at $5.00 (max-cost-usd). The price of openai/new is not known "
                "before the run, and max-cost-usd holds only where it is."
            ),
        ),
        (
            {"max-tokens": 9, "llm-model": "openai/new"},
            (
                "Jobs are stopped at 9 tokens (max-tokens). The price of openai/new is not known "
                "before the run."
            ),
        ),
    ],
)
def test_what_the_model_may_cost_is_told_as_far_as_it_is_known(tmp_path, options, told):
    given = {"spec": "s.md", "component": "src/x", "llm-model": "openai/gpt-5", **options}
    settings = from_options(given, tmp_path, {})
    lists = tmp_path / "lib" / "python3.13" / "site-packages" / "litellm"
    lists.mkdir(parents=True)
    (lists / "model_prices_and_context_window_backup.json").write_text(json.dumps(PRICES))

    assert backend.limit_of_cost(settings, {VARIABLE: str(tmp_path)}) == told
