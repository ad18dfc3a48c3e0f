"""A GitHub server with a certificate authority of its own."""

import httpx
import pytest
import requests

from spec_to_production.errors import GitHubError, SettingsError
from spec_to_production.github.comment import find_open
from spec_to_production.github.connection import certificates, connect
from support.certificates import self_signed
from support.github_server import Failure, serve
from support.openapi import Unavailable


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def own_server(certificate):
    try:
        with serve(certificate[1]) as running:
            yield running
    except Unavailable as error:
        pytest.skip(str(error))


def test_a_server_is_trusted_by_its_bundle(own_server, certificate):
    own_server.pulls = {5: "octo:feature"}
    bundle = str(certificate[0])
    client = connect("token", own_server.url, bundle)

    assert find_open(client, "octo/demo", "octo:feature") == 5
    client.close()
    with httpx.Client(verify=certificates(bundle)) as plain:
        assert plain.get(f"{own_server.url}/repos/octo/demo/pulls").status_code == 200


def test_without_the_bundle_it_is_not(own_server):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(own_server.url, timeout=5)
    with httpx.Client(verify=certificates(None)) as plain, pytest.raises(httpx.ConnectError):
        plain.get(own_server.url)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_bundle_without_certificates_is_a_bad_input(tmp_path, content):
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)

    with pytest.raises(SettingsError, match="ca-bundle"):
        certificates(str(bundle))


@pytest.fixture
def waited(monkeypatch):
    """The pauses that were made, without making them."""
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def limit(server, seconds):
    told = "You have exceeded a secondary rate limit."
    refused = Failure("GET", "/pulls", 403, told, {"Retry-After": str(seconds)})
    server.failures.append(refused)


def test_a_secondary_limit_is_waited_for_as_long_as_github_asks(server, waited):
    server.pulls = {5: "octo:feature"}
    limit(server, 7)

    assert find_open(connect("token", server.url), "octo/demo", "octo:feature") == 5
    assert 7 in waited


def test_a_secondary_limit_that_lasts_too_long_is_not_waited_for(server, waited):
    limit(server, 3600)

    with pytest.raises(GitHubError, match="GitHub asks to wait 3600 s"):
        find_open(connect("token", server.url), "octo/demo", "octo:feature")
    assert sum(waited) < 60
    assert len(server.exchanges) == 1
