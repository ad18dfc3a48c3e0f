"""Where a model's requests go, and which ones go nowhere."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.errors import SettingsError
from spec_to_production.gateway import find_provider


def asks_for(model):
    return json.dumps({"model": model, "messages": []}).encode()


@pytest.mark.parametrize(
    ("model", "base_url", "path", "query", "url"),
    [
        (
            "openai/gpt-5",
            None,
            "/chat/completions",
            "",
            "https://api.openai.com/v1/chat/completions",
        ),
        ("openai/gpt-5", None, "/responses", "", "https://api.openai.com/v1/responses"),
        (
            "openai/gpt-5",
            "https://api.openai.com",
            "/responses",
            "",
            "https://api.openai.com/v1/responses",
        ),
        ("gpt-5", None, "/responses", "", "https://api.openai.com/v1/responses"),
        (
            "openai/local",
            "http://models.example:8000/v1/",
            "/chat/completions",
            "",
            "http://models.example:8000/v1/chat/completions",
        ),
        (
            "anthropic/claude-sonnet-4-5",
            None,
            "/v1/messages",
            "",
            "https://api.anthropic.com/v1/messages",
        ),
        ("claude-opus-4", None, "/v1/messages", "", "https://api.anthropic.com/v1/messages"),
        (
            "anthropic/claude-opus-4",
            "https://proxy.example/claude/v1/messages",
            "/v1/messages",
            "",
            "https://proxy.example/claude/v1/messages",
        ),
        (
            "gemini/gemini-2.5-pro",
            None,
            "/models/gemini-2.5-pro:streamGenerateContent",
            "alt=sse&key=throw-away",
            (
                "https://generativelanguage.googleapis.com/v1beta"
                "/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
            ),
        ),
        (
            "openrouter/anthropic/claude-sonnet-4.5",
            None,
            "/chat/completions",
            "",
            "https://openrouter.ai/api/v1/chat/completions",
        ),
        (
            "azure/ours",
            "https://we.openai.azure.com/openai/deployments/ours",
            "/openai/deployments/ours/chat/completions",
            "api-version=2024-12-01-preview",
            (
                "https://we.openai.azure.com/openai/deployments/ours/chat/completions"
                "?api-version=2024-12-01-preview"
            ),
        ),
    ],
)
def test_a_request_goes_where_litellm_would_have_sent_it(model, base_url, path, query, url):
    provider = find_provider(model, base_url)

    body = asks_for(model.partition("/")[2] or model)
    if model.startswith("gemini/"):
        body = json.dumps({"contents": []}).encode()
    assert provider.route(path, query, body) == url


@pytest.mark.parametrize(
    ("model", "header"),
    [
        ("openai/gpt-5", {"authorization": "Bearer k"}),
        ("openrouter/x/y", {"authorization": "Bearer k"}),
        ("anthropic/claude-opus-4", {"x-api-key": "k"}),
        ("gemini/gemini-2.5-pro", {"x-goog-api-key": "k"}),
        ("azure/ours", {"api-key": "k"}),
    ],
)
def test_each_provider_is_shown_the_key_its_own_way(model, header):
    provider = find_provider(model, "https://models.example" if "azure" in model else None)

    assert provider.key_header("k") == header


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/models",
        "/files",
        "/chat/completions/",
        "/chat/completions/../../files",
        "/chat/../files",
        "/chat%2fcompletions",
        "//evil.example/chat/completions",
        "/@evil.example/chat/completions",
        "http://evil.example/chat/completions",
        "/chat/completions\n",
        "/v1/messages",
        "/organization/admin_api_keys",
    ],
)
def test_other_paths_go_nowhere(path):
    assert find_provider("openai/gpt-5", None).route(path, "", asks_for("gpt-5")) is None


@given(path=st.text(), query=st.text())
def test_whatever_is_asked_stays_below_the_address(path, query):
    url = find_provider("openai/gpt-5", None).route(path, query, asks_for("gpt-5"))

    assert url is None or url.startswith("https://api.openai.com/v1/")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", asks_for("gpt-5-pro"), asks_for("")])
def test_a_request_for_another_model_goes_nowhere(body):
    assert find_provider("openai/gpt-5", None).route("/chat/completions", "", body) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "gpt-5-pro", "model": "gpt-5"}',
        b'{"model": "gpt-5", "Model": "gpt-5-pro"}',
        b'{"model": "gpt-5", "models": ["gpt-5-pro"]}',
        b'{"model": "gpt-5", "fallbacks": ["gpt-5-pro"], "mock_testing_fallbacks": true}',
        b'{"model": "gpt-5", "context_window_fallbacks": [{"gpt-5": ["gpt-5-pro"]}]}',
        b'{"model": ["gpt-5"]}',
        b'{"model": "gpt-5", "input": ' + b"[" * 100_000,
    ],
)
def test_a_request_that_names_a_second_model_goes_nowhere(body):
    assert find_provider("openai/gpt-5", None).route("/chat/completions", "", body) is None


def test_a_model_that_is_only_written_about_is_not_asked_for():
    body = b'{"messages": [{"model": "other", "fallbacks": []}], "model": "gpt-5"}'

    assert find_provider("openai/gpt-5", None).route("/chat/completions", "", body)


def test_a_path_that_names_another_model_goes_nowhere():
    provider = find_provider("gemini/gemini-2.5-flash", None)

    assert provider.route("/models/gemini-2.5-pro:generateContent", "", b"{}") is None


@pytest.mark.parametrize("model", ["bedrock/anthropic.claude-v2", "vertex_ai/gemini-2.5-pro"])
def test_a_provider_that_wants_signatures_is_not_served(model):
    assert find_provider(model, None) is None


@pytest.mark.parametrize("base_url", [None, "https://models.example/v1"])
def test_a_name_that_tells_no_provider_is_refused(base_url):
    with pytest.raises(SettingsError, match=r"llm-model: .*'foo'") as caught:
        find_provider("foo", base_url)
    assert "openai/foo" in caught.value.hint


@pytest.mark.parametrize("model", ["gpt-5", "o3", "ft:gpt-4o:ours", "claude-sonnet-4-5"])
def test_a_name_that_tells_its_provider_needs_no_prefix(model):
    assert find_provider(model, None)


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("azure/ours", None),
        ("someone/new", None),
        ("openai/x", "ftp://x"),
        ("openai/x", "http://[::1"),
        ("openai/x", "http://host:abc"),
        ("openai/x", "http://host:99999"),
    ],
)
def test_an_address_that_is_not_known_is_asked_for(model, base_url):
    with pytest.raises(SettingsError, match="llm-base-url"):
        find_provider(model, base_url)


@pytest.mark.parametrize("around", ["{}", " {}\n", "{}/"])
def test_white_space_around_an_address_is_none_of_it(around):
    provider = find_provider("openai/x", around.format("http://[::1]:8000/v1"))

    assert (provider.address, provider.host) == ("http://[::1]:8000/v1", "[::1]:8000")
