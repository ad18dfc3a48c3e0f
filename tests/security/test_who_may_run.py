"""The action itself asks before it runs anything for an event that anybody can cause."""

import json

import pytest

from spec_to_production.action import main
from spec_to_production.snapshot import git

SHA = "a" * 40
SIDE = {"sha": SHA, "repo": {"full_name": "o/r"}}
PAYLOADS = {
    "pull_request_target": {"pull_request": {"number": 7, "head": SIDE, "base": SIDE}},
    "issue_comment": {
        "issue": {"number": 7, "pull_request": {}},
        "comment": {"id": 1, "body": "/test"},
    },
    "workflow_run": {"workflow_run": {"id": 1, "head_repository": {"full_name": "else/r"}}},
}


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize("token", ["", "a-token"])
def test_nothing_runs_when_the_author_cannot_be_asked_for(tmp_path, capsys, name, token):
    git("init", "--quiet", cwd=tmp_path)
    event = tmp_path / "event.json"
    event.write_text(json.dumps(PAYLOADS[name]))
    ran = []

    code = main(
        {
            "GITHUB_WORKSPACE": str(tmp_path),
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_SHA": SHA,
            "GITHUB_RUN_ID": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": "http://127.0.0.1:1",
            "INPUT_SPEC": "spec.md",
            "INPUT_COMPONENT": "area.py",
            "INPUT_GITHUB-TOKEN": token,
        },
        lambda *_, **__: ran.append(name),
    )

    assert code in (1, 2)
    assert not ran
    assert "run by" in capsys.readouterr().out or token
