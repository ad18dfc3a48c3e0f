"""Who serves a model: the address, the way a key is shown, and the few paths that are needed.

The addresses are the ones that LiteLLM 1.105 uses for a model's prefix when it is given none, cut
to the part that it appends a path to when it is given one (``litellm/main.py`` and
``litellm/llms/``). The paths are the ones that it then asks for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from spec_to_production.errors import SettingsError
from spec_to_production.settings import is_address

NOT_ISOLATED = ("bedrock", "sagemaker", "vertex_ai", "vertex_ai_beta")
"""Prefixes of providers that want signed requests, which only the agent server can make."""

_NAME = r"(?P<model>[A-Za-z0-9._-]+)"


@dataclass(frozen=True)
class Dialect:
    """How a family of providers is spoken to.

    Attributes:
        paths: What may be asked for, below the address.
        header: Where the key goes.
        scheme: What stands before the key there.
    """

    paths: re.Pattern[str]
    header: str = "authorization"
    scheme: str = "Bearer "


_OPENAI = Dialect(re.compile(r"/chat/completions|/responses"))
_ANTHROPIC = Dialect(re.compile(r"/v1/messages"), "x-api-key", "")
_GEMINI = Dialect(
    re.compile(rf"/models/{_NAME}:(generateContent|streamGenerateContent|countTokens)"),
    "x-goog-api-key",
    "",
)
_AZURE = Dialect(
    re.compile(
        rf"/openai/deployments/{_NAME}/chat/completions"
        r"|/openai/(v1/)?responses|/openai/v1/chat/completions"
    ),
    "api-key",
    "",
)

KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
"""Every place where a client of one of the dialects shows its key."""

_KNOWN: Mapping[str, tuple[Dialect, str | None]] = {
    "openai": (_OPENAI, "https://api.openai.com/v1"),
    "anthropic": (_ANTHROPIC, "https://api.anthropic.com"),
    "gemini": (_GEMINI, "https://generativelanguage.googleapis.com/v1beta"),
    "openrouter": (_OPENAI, "https://openrouter.ai/api/v1"),
    "azure": (_AZURE, None),
    "deepseek": (_OPENAI, "https://api.deepseek.com/beta"),
    "groq": (_OPENAI, "https://api.groq.com/openai/v1"),
    "mistral": (_OPENAI, "https://api.mistral.ai/v1"),
    "openhands": (_OPENAI, "https://llm-proxy.app.all-hands.dev"),
    "xai": (_OPENAI, "https://api.x.ai/v1"),
}

_OPENAIS = re.compile(r"gpt|chatgpt|o[0-9]|ft:")
_QUERY = ("alt", "api-version")
_NOBODYS = ""
"""No model is called so."""


@dataclass(frozen=True)
class Provider:
    """The one place that requests are forwarded to.

    Attributes:
        address: What a path is appended to.
        model: The configured model, with its prefix.
    """

    address: str
    dialect: Dialect
    model: str

    @property
    def host(self) -> str:
        """The machine and its port, without what else an address may hold."""
        return urlsplit(self.address).netloc.rpartition("@")[2]

    def route(self, path: str, query: str, body: bytes) -> str | None:
        """The address for a request; ``None`` for one that the agent has no need of."""
        wanted = self.dialect.paths.fullmatch(path)
        if wanted is None:
            return None
        named = {_model_in(body), wanted.groupdict().get("model")} - {None}
        if not named or not all(self._is_ours(str(name)) for name in named):
            return None
        kept = urlencode([pair for pair in parse_qsl(query) if pair[0] in _QUERY])
        return f"{self.address}{path}{'?' if kept else ''}{kept}"

    def key_header(self, key: str) -> Mapping[str, str]:
        """The header that shows a key to this provider."""
        return {self.dialect.header: f"{self.dialect.scheme}{key}"}

    def _is_ours(self, name: str) -> bool:
        """LiteLLM takes one or several prefixes off the configured name."""
        return f"/{self.model}".endswith(f"/{name}")


def find_provider(model: str, base_url: str | None) -> Provider | None:
    """Who serves the model; ``None`` for one of :data:`NOT_ISOLATED`.

    Raises:
        SettingsError: The provider or its address is not known, or the address is not one for a
            key to be sent to.
    """
    prefix, slash, _ = model.partition("/")
    if prefix in NOT_ISOLATED and slash:
        return None
    dialect, address = _KNOWN.get(prefix if slash else _by_name(model), (_OPENAI, None))
    address = base_url or address
    if address is None:
        raise SettingsError(
            f"llm-base-url: not given, and the address that serves {model} is not known here.",
            hint="Give the address that the provider documents for its API.",
        )
    return Provider(_trim(address, dialect), dialect, model)


def _by_name(model: str) -> str:
    """LiteLLM also knows some models without a prefix; others it refuses, wherever they are."""
    if model.startswith("claude"):
        return "anthropic"
    if _OPENAIS.match(model):
        return "openai"
    raise SettingsError(
        f"llm-model: no provider is known of {model!r}.",
        hint=f"Write the provider before the name; for a server of your own, openai/{model}.",
    )


def _trim(address: str, dialect: Dialect) -> str:
    """Cut what LiteLLM would otherwise not append, and will now."""
    if not is_address(address.strip()):
        raise SettingsError(
            f"llm-base-url: {address!r} is not an address.",
            hint="Write it in full, as https://host/v1.",
        )
    parts = urlsplit(address.strip())
    path = parts.path.rstrip("/")
    if dialect is _ANTHROPIC:
        path = path.removesuffix("/v1/messages")
    elif dialect is _AZURE:
        path = path.partition("/openai")[0]
    elif parts.hostname == "api.openai.com" and not path:
        path = "/v1"
    return parts._replace(path=path, query="", fragment="").geturl()


def _model_in(body: bytes) -> str | None:
    """The one model that a request names, ``None`` where it names none.

    Whoever forwards it may read it otherwise than we do: two names, in whatever case, are none,
    and neither is one with others to fall back on (OpenRouter's ``models``, LiteLLM's proxy).
    """
    try:
        asked = json.loads(body, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return _NOBODYS
    if not isinstance(asked, tuple):
        return _NOBODYS
    named = [value for name, value in asked if name.lower() == "model"]
    others = any(name.lower() == "models" or "fallback" in name.lower() for name, _ in asked)
    if others or len(named) > 1 or not all(isinstance(name, str) for name in named):
        return _NOBODYS
    return named[0] if named else None
