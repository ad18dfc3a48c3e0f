"""Who may start a run that has secrets."""

import json

import pytest
import responses

from spec_to_production.errors import InputError
from spec_to_production.github.connection import connect
from spec_to_production.github.event import read_event
from spec_to_production.github.trust import author_association, require_trust

BASE, HEAD, OTHER = "a" * 40, "b" * 40, "c" * 40
API = "https://api.github.com"
SIDES = {"head": {"sha": HEAD, "repo": {"full_name": "x/y"}}, "base": {"sha": BASE, "repo": None}}
TARGET = {"pull_request": {"number": 7, **SIDES}}
COMMENT = {
    "issue": {"number": 7, "pull_request": {}},
    "comment": {"id": 42, "body": f"/test {HEAD}", "author_association": "OWNER"},
}


def event(tmp_path, name, payload):
    path = tmp_path / "event.json"
    path.write_text(json.dumps(payload))
    return read_event(
        {
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_SHA": BASE,
            "GITHUB_RUN_ID": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": API,
        }
    )


@pytest.fixture(params=["pull_request_target", "issue_comment"])
def privileged(request, tmp_path):
    payload = TARGET if request.param == "pull_request_target" else COMMENT
    return event(tmp_path, request.param, payload)


@pytest.mark.parametrize("association", ["OWNER", "MEMBER", "COLLABORATOR"])
@pytest.mark.parametrize("checked_out", [BASE, HEAD])
def test_a_trusted_author_may_run_the_commit_that_was_meant(privileged, association, checked_out):
    require_trust(privileged, association, checked_out)


@pytest.mark.parametrize(
    "association",
    ["CONTRIBUTOR", "FIRST_TIME_CONTRIBUTOR", "FIRST_TIMER", "MANNEQUIN", "NONE", "None", ""],
)
def test_nobody_else_may(privileged, association):
    with pytest.raises(InputError, match="nothing was run"):
        require_trust(privileged, association, HEAD)


@pytest.mark.parametrize("checked_out", [OTHER, None, HEAD[:7]])
def test_a_commit_that_came_after_is_not_run(privileged, checked_out):
    with pytest.raises(InputError, match="Nothing was run"):
        require_trust(privileged, "OWNER", checked_out)


@pytest.mark.parametrize(
    ("name", "payload", "path"),
    [
        ("pull_request_target", TARGET, "/repos/o/r/pulls/7"),
        ("issue_comment", COMMENT, "/repos/o/r/issues/comments/42"),
    ],
)
def test_github_is_asked_who_the_author_is_whatever_the_event_says(tmp_path, name, payload, path):
    asked = event(tmp_path, name, payload)
    with responses.RequestsMock() as github:
        # PyGithub names the port.
        github.get(f"{API}:443{path}", json={"author_association": "NONE", "url": f"{API}{path}"})

        assert author_association(connect("token", API), asked) == "NONE"


def test_a_comment_on_an_issue_is_about_no_pull_request(tmp_path):
    payload = {**COMMENT, "issue": {"number": 7}}

    assert event(tmp_path, "issue_comment", payload).pull_request is None
