import pytest
from github import Auth, Github

from support.github_server import serve
from support.openapi import Unavailable


@pytest.fixture
def server():
    """A GitHub on loopback; at the end, its description has no complaint about any exchange."""
    try:
        with serve() as running:
            yield running
    except Unavailable as error:
        pytest.skip(str(error))
    assert running.problems == []


@pytest.fixture
def github(server):
    """A client without the pauses that the real GitHub asks for."""
    client = Github(
        auth=Auth.Token("token"),
        base_url=server.url,
        per_page=100,
        retry=None,
        lazy=True,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    yield client
    client.close()
