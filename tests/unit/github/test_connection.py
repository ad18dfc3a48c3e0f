"""What GitHub refuses is told with what to do about it."""

import re

import pytest
import responses

from spec_to_production.errors import GitHubError
from spec_to_production.github.comment import Marker, post
from spec_to_production.github.connection import connect


@pytest.fixture
def github():
    with responses.RequestsMock() as mock:
        yield mock


def refuse(github, status, headers=None, message="no"):
    # PyGithub writes the port into every address.
    github.post(
        re.compile(r"https://api\.github\.com(:443)?/graphql"),
        json={"message": message},
        status=status,
        headers=headers,
    )


def send():
    return post(
        connect("token", "https://api.github.com"), "octo/demo", 5, f"{Marker('default', 1, 1)}"
    )


def test_a_refusal_names_the_permission_and_the_yaml_to_paste(github):
    accepted = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}
    refuse(github, 403, accepted, "Resource not accessible by integration")

    with pytest.raises(GitHubError, match="403 Resource not accessible") as caught:
        send()

    assert "permissions:\n  contents: read\n  pull-requests: write\n" in caught.value.hint
    assert "fork" in caught.value.hint
    assert len(github.calls) == 1


def test_permissions_that_are_needed_together_are_all_named(github):
    refuse(github, 403, {"X-Accepted-GitHub-Permissions": "issues=write,metadata=read"})

    with pytest.raises(GitHubError) as caught:
        send()

    assert "  issues: write\n  metadata: read\n" in caught.value.hint


def test_a_bad_token_is_said_to_be_one(github):
    refuse(github, 401, message="Bad credentials")

    with pytest.raises(GitHubError, match="401 Bad credentials") as caught:
        send()

    assert "'github-token'" in caught.value.hint


def test_a_rate_limit_that_lasts_too_long_is_not_waited_for(github):
    refuse(
        github,
        403,
        {"X-RateLimit-Reset": "99999999999", "X-RateLimit-Remaining": "0"},
        "API rate limit exceeded for installation ID 1.",
    )

    with pytest.raises(GitHubError, match="rate limit exceeded"):
        send()

    assert len(github.calls) == 1


def test_a_server_that_cannot_be_reached_is_named(github):
    with pytest.raises(GitHubError, match="could not be reached to post"):
        send()
