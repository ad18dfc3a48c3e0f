import pytest

from spec_to_production.errors import GitHubError
from spec_to_production.github.event import read_event

PULL_REQUEST_REF = {"GITHUB_REF": "refs/pull/2/merge"}


def test_a_pull_request_is_known_by_its_payload(sample, runner_env):
    event = read_event(runner_env("pull_request", sample("pull_request"), **PULL_REQUEST_REF))

    assert event.name == "pull_request"
    assert event.repository == "Codertocat/Hello-World"
    assert event.pull_request == 2
    assert event.branch is None
    assert event.head_branch == "changes"
    assert event.head_sha == "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
    assert (event.run_id, event.run_attempt) == (4711, 2)
    assert event.run_url == "https://github.com/Codertocat/Hello-World/actions/runs/4711"
    assert not event.without_secrets


@pytest.mark.parametrize("head", [{"full_name": "someone/Hello-World"}, None])
def test_a_fork_has_no_secrets_even_when_it_was_deleted(sample, runner_env, head):
    payload = sample("pull_request")
    payload["pull_request"]["head"]["repo"] = head
    event = read_event(runner_env("pull_request", payload, **PULL_REQUEST_REF))

    assert event.from_fork
    assert event.head_branch is None
    assert event.without_secrets


def test_a_fork_on_pull_request_target_has_the_base_repositorys_secrets(sample, runner_env):
    payload = sample("pull_request")
    payload["pull_request"]["head"]["repo"] = None
    event = read_event(runner_env("pull_request_target", payload))

    assert event.from_fork
    assert not event.without_secrets


@pytest.mark.parametrize(
    ("triggered_by", "expected"), [("dependabot[bot]", True), ("Codertocat", False), ("", True)]
)
def test_dependabot_has_no_secrets_unless_a_person_ran_it_again(
    sample, runner_env, triggered_by, expected
):
    env = runner_env(
        "pull_request",
        sample("pull_request"),
        GITHUB_ACTOR="dependabot[bot]",
        GITHUB_TRIGGERING_ACTOR=triggered_by,
    )

    assert read_event(env).without_secrets is expected


@pytest.mark.parametrize(
    ("name", "ref", "branch"),
    [
        ("push", "refs/heads/feature/a", "feature/a"),
        ("push", "refs/tags/v1", None),
        ("workflow_dispatch", "refs/heads/main", "main"),
        ("merge_group", "refs/heads/gh-readonly-queue/main/pr-104-929f", None),
        ("workflow_run", "refs/heads/main", "main"),
    ],
)
def test_other_events_name_the_branch_whose_pull_request_is_meant(
    sample, runner_env, name, ref, branch
):
    event = read_event(runner_env(name, sample(name), GITHUB_REF=ref))

    assert event.branch == event.head_branch == branch
    assert event.pull_request is None
    assert not event.without_secrets


def test_a_schedule_has_hardly_a_payload(runner_env):
    event = read_event(runner_env("schedule", {"schedule": "0 4 * * *"}))

    assert event.pull_request is None


def test_an_own_server_keeps_its_addresses(sample, runner_env):
    env = runner_env(
        "push",
        sample("push"),
        GITHUB_SERVER_URL="https://git.example.com/",
        GITHUB_API_URL="https://git.example.com/api/v3",
    )

    assert read_event(env).api_url == "https://git.example.com/api/v3"
    assert read_event(env).run_url.startswith("https://git.example.com/Codertocat/")


def test_outside_a_step_the_missing_variables_are_named():
    with pytest.raises(GitHubError, match="GITHUB_EVENT_NAME, GITHUB_EVENT_PATH") as caught:
        read_event({})

    assert "command line" in caught.value.hint


@pytest.mark.parametrize("content", ["", "{", '{"pull_request": {"number": "x"}}'])
def test_a_payload_that_is_none_is_named(runner_env, tmp_path, content):
    env = runner_env("pull_request", {})
    (tmp_path / "event.json").write_text(content)

    with pytest.raises(GitHubError, match=r"event\.json"):
        read_event(env)
