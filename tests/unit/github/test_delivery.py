"""Where tests may be delivered to, and where not."""

import pytest

from spec_to_production.github.delivery import Change, Target, obstacle
from spec_to_production.github.event import Event

HEAD, MERGED, OTHER = "a" * 40, "b" * 40, "c" * 40
OURS = {"head_branch": "feature", "head_sha": HEAD, "sha": MERGED}


def event(name="pull_request", **fields):
    return Event(
        name=name,
        repository="octo/demo",
        run_id=1,
        run_attempt=1,
        job="tests",
        server_url="https://github.com",
        api_url="https://api.github.com",
        **{"sha": HEAD, **fields},
    )


@pytest.mark.parametrize("base_commit", [HEAD, MERGED])
def test_a_pull_requests_branch_gets_tests_that_were_judged_on_it_or_on_its_merge(base_commit):
    assert obstacle(event(**OURS), base_commit) is None
    assert Target.of(event(**OURS)) == Target("octo/demo", "feature", HEAD)


@pytest.mark.parametrize("name", ["push", "workflow_dispatch", "schedule"])
def test_a_branch_gets_tests_that_were_judged_on_the_commit_of_the_event(name):
    happened = event(name, head_branch="main")

    assert obstacle(happened, HEAD) is None
    assert Target.of(happened) == Target("octo/demo", "main", HEAD)


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (event(**OURS | {"head_branch": None}, from_fork=True), "fork"),
        (event(**OURS, from_dependabot=True), "Dependabot"),
        (event("pull_request_target", **OURS), "base"),
        (event("pull_request_target", head_branch=None, from_fork=True), "base"),
        (event("push"), "not about a branch"),
        (event("merge_group"), "not about a branch"),
        (event(**OURS | {"head_branch": "spec-to-production/default/main"}), "own"),
    ],
)
def test_nowhere_else(happened, told):
    assert told in obstacle(happened, happened.sha)


@pytest.mark.parametrize("base_commit", [OTHER, None])
def test_tests_that_were_judged_on_something_else_are_not_delivered(base_commit):
    assert "another commit" in obstacle(event(**OURS), base_commit)


def test_a_commits_message_names_the_run_and_nobody():
    change = Change.by_run((), "Add 2 tests", "https://github.com/octo/demo/actions/runs/1")

    assert change.title == "Add 2 tests"
    assert "@" not in change.message
    assert "#" not in change.message
