"""The connection to GitHub's API: patient within bounds, and its refusals in words that help."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from types import TracebackType

import requests
from github import Auth, Github, GithubException, GithubRetry
from urllib3 import BaseHTTPResponse, Retry
from urllib3.connectionpool import ConnectionPool

from spec_to_production.errors import GitHubError, SettingsError

_TIMEOUT_S = 10
_LONGEST_WAIT_S = 90


class _Patience(GithubRetry):
    """Waits as long as GitHub asks, or not at all; ``GithubRetry`` obeys any ``Retry-After``."""

    def increment(  # type: ignore[override]
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Retry:
        asked = self.get_retry_after(response) if response is not None else None
        if response is not None and asked is not None and asked > _LONGEST_WAIT_S:
            told = f"rate limit exceeded; GitHub asks to wait {asked:.0f} s"
            raise GithubException(response.status, {"message": told}, dict(response.headers))
        return super().increment(method, url, response, error, _pool, _stacktrace)  # type: ignore[arg-type]


def certificates(ca_bundle: str | None) -> ssl.SSLContext:
    """What servers' certificates are checked against: the system's authorities and the bundle's.

    Raises:
        SettingsError: The bundle cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_bundle is None:
        return context
    try:
        context.load_verify_locations(ca_bundle)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"ca-bundle: {ca_bundle} cannot be used: {error.strerror or error}",
            hint="Name a file with certificates in PEM form.",
        ) from error
    return context


def connect(token: str, api_url: str, ca_bundle: str | None = None) -> Github:
    """A client for the server that the run belongs to. Use it from the main thread only.

    With a bundle, only its authorities are trusted.
    """
    retry = _Patience(total=3, backoff_factor=1, max_rate_limit_wait=_LONGEST_WAIT_S)
    return Github(
        auth=Auth.Token(token),
        base_url=api_url,
        timeout=_TIMEOUT_S,
        per_page=100,
        retry=retry,
        verify=ca_bundle or True,
        lazy=True,
    )


@contextlib.contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what PyGithub and the network raise into an error that says what to do."""
    try:
        yield
    except GithubException as error:
        raise GitHubError(
            f"GitHub did not let us {doing}: {error.status} {_own_words(error)}",
            hint=_hint(error),
        ) from error
    except requests.RequestException as error:
        raise GitHubError(
            f"GitHub could not be reached to {doing}: {error}",
            hint="The result is in the job summary and the artifact.",
        ) from error


def _own_words(error: GithubException) -> str:
    data = error.data
    return str(data.get("message", data) if isinstance(data, dict) else error.message or data)


def _hint(error: GithubException) -> str:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status == requests.codes.unauthorized:
        return "The input 'github-token' is not a valid token. Leave it out to use the job's own."
    if accepted := headers.get("x-accepted-github-permissions"):
        return (
            "The job's token lacks a permission. Add to the job in the workflow:\n"
            f"{_permissions(accepted)}\n"
            "A run from a fork or from Dependabot cannot have it; there, the result is in the "
            "job summary and the artifact."
        )
    return "The result is in the job summary and the artifact."


def _permissions(accepted: str) -> str:
    """The YAML to paste. The header's alternatives are separated by ``;``, each may need several.

    Of ``issues=write; pull_requests=write`` the one about pull requests is proposed.
    """
    alternatives = [part.strip() for part in accepted.split(";") if part.strip()]
    chosen = next((part for part in alternatives if "pull_requests" in part), alternatives[0])
    needed = {"contents": "read"}
    for grant in chosen.split(","):
        name, _, level = grant.strip().partition("=")
        needed[name.replace("_", "-")] = level
    return "\n".join(["permissions:", *(f"  {name}: {level}" for name, level in needed.items())])
