"""Every event, with a token that may write or only read, for a small and a huge result."""

import io
import json
import zipfile

import pytest

from spec_to_production.action import main
from spec_to_production.github.comment import LIMIT
from spec_to_production.snapshot import find_head, git
from support import artifact_server
from support.results import accepted, make_result

OURS, FORKS, DEPENDABOT = "octo/demo", "someone/demo", "dependabot[bot]"
# event, ref, the head's repository, who triggered it, whether there is a pull request to comment on
EVENTS = {
    "pull request": ("pull_request", "refs/pull/5/merge", OURS, "octocat", True),
    "fork": ("pull_request", "refs/pull/5/merge", FORKS, "someone", False),
    "dependabot": ("pull_request", "refs/pull/5/merge", OURS, DEPENDABOT, False),
    "fork, in the base's name": ("pull_request_target", "refs/heads/main", FORKS, "someone", True),
    "push with a pull request": ("push", "refs/heads/feature", None, "octocat", True),
    "push without one": ("push", "refs/heads/main", None, "octocat", False),
    "tag": ("push", "refs/tags/v1", None, "octocat", False),
    "manual": ("workflow_dispatch", "refs/heads/feature", None, "octocat", True),
    "schedule": ("schedule", "refs/heads/main", None, "octocat", False),
    "queue": ("merge_group", "refs/heads/gh-readonly-queue/main/pr-5-a", None, "octocat", False),
}
HOSTILE = "@octocat #1 <script>alert(1)</script> ![x](http://x) ``` \u202e | </details>"


def huge():
    tests = [
        accepted(f"test_{number}", "FR-1", code=f"# {HOSTILE}\n" * 8, detail=HOSTILE)
        for number in range(500)
    ]
    small = make_result()
    verification = small.verification.model_copy(update={"tests": tuple(tests)})
    return small.model_copy(update={"verification": verification})


RESULTS = {"small": make_result(), "huge": huge()}


@pytest.fixture
def service():
    with artifact_server.serve() as running:
        yield running


@pytest.mark.parametrize("size", RESULTS)
@pytest.mark.parametrize("writable", [True, False], ids=["write", "read"])
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_ends_well(  # noqa: PLR0917 - fixtures
    event, writable, size, tmp_path, monkeypatch, capsys, server, service, github
):
    name, ref, head, actor, commentable = EVENTS[event]
    workspace = tmp_path / "workspace"
    git("init", "--quiet", str(workspace), cwd=tmp_path)
    git("commit", "--quiet", "--allow-empty", "--message=begin", cwd=workspace)
    side = {"sha": find_head(workspace), "repo": {"full_name": OURS}}
    pull = {"number": 5, "head": {**side, "repo": {"full_name": head}}, "base": side}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": pull} if head else {}))
    for file in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / file).touch()
        monkeypatch.setenv(file, str(tmp_path / file))
    monkeypatch.setattr("spec_to_production.github.connection.connect", lambda *given: github)
    server.pulls, server.writable = {5: "octo:feature"}, writable
    env = {
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_EVENT_NAME": name,
        "GITHUB_REF": ref,
        "GITHUB_REPOSITORY": OURS,
        "GITHUB_SHA": "a" * 40,
        "GITHUB_RUN_ID": "1",
        "GITHUB_JOB": "tests",
        "GITHUB_TRIGGERING_ACTOR": actor,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": server.url,
        "ACTIONS_RESULTS_URL": service.url,
        "ACTIONS_RUNTIME_TOKEN": service.token,
        "INPUT_SPEC": "specs/calculator.md",
        "INPUT_COMPONENT": "calculator",
        "INPUT_GITHUB-TOKEN": "ghs-token",
        "INPUT_FAIL-ON": "never",
    }

    assert main(env, lambda *_, **__: RESULTS[size]) == 0

    log = capsys.readouterr().out
    assert len(server.bodies(5)) == (commentable and writable)
    assert all(len(body.encode("utf-16-le")) // 2 <= LIMIT for body in server.bodies(5))
    assert ("pull-requests: write" in log) is (commentable and not writable)
    assert len(server.exchanges) <= 15
    assert 0 < (tmp_path / "GITHUB_STEP_SUMMARY").stat().st_size <= 1 << 20
    assert not [line for line in log.splitlines() if line.startswith("::error")]
    (stored,) = service.artifacts.values()
    assert zipfile.is_zipfile(io.BytesIO(stored.content))
