import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def sample():
    """A real event's payload, by the event's name."""
    return lambda name: json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.fixture
def runner_env(tmp_path):
    """The environment that the runner gives to a step, for an event and its payload."""

    def make(name, payload, **more):
        path = tmp_path / "event.json"
        path.write_text(json.dumps(payload))
        return {
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_REPOSITORY": "Codertocat/Hello-World",
            "GITHUB_SHA": "a" * 40,
            "GITHUB_REF": "refs/heads/changes",
            "GITHUB_RUN_ID": "4711",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_JOB": "tests",
            "GITHUB_ACTOR": "Codertocat",
            "GITHUB_TRIGGERING_ACTOR": "Codertocat",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": "https://api.github.com",
            "PATH": "/usr/bin",
            **more,
        }

    return make
