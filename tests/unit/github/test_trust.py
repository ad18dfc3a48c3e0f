"""Who may start a run that has secrets."""

import json

import pytest
import responses

from spec_to_production.errors import InputError
from spec_to_production.github.connection import connect
from spec_to_production.github.event import read_event
from spec_to_production.github.trust import author_association, require_own_code, require_trust

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


@pytest.mark.parametrize("quoted", [f"> /test {HEAD}", f"  > > {HEAD}", f">{HEAD}"])
def test_a_commit_that_an_answer_quotes_was_not_named(tmp_path, quoted):
    body = f"{quoted}\n\nWho asked for that?"
    answer = {**COMMENT, "comment": {"id": 42, "body": body}}

    with pytest.raises(InputError, match="nobody named"):
        require_trust(event(tmp_path, "issue_comment", answer), "OWNER", HEAD)


def after(tmp_path, repository):
    head = repository and {"full_name": repository}
    return event(tmp_path, "workflow_run", {"workflow_run": {"id": 1, "head_repository": head}})


@pytest.mark.parametrize("repository", ["somebody/r", None])
def test_after_a_forks_run_the_forks_code_is_not_run(tmp_path, repository):
    with pytest.raises(InputError, match="nothing was run"):
        require_own_code(after(tmp_path, repository), HEAD)

    require_own_code(after(tmp_path, repository), BASE)


def test_after_a_run_of_its_own_any_commit_may_be_run(tmp_path):
    own = after(tmp_path, "o/r")

    require_own_code(own, HEAD)
    assert not own.without_secrets
