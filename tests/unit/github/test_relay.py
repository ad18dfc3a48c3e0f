"""The run that a second workflow speaks for, as GitHub tells it."""

import pytest
import responses

from spec_to_production.errors import GitHubError
from spec_to_production.github.connection import connect
from spec_to_production.github.relay import find_run

API, RUN = "https://api.github.com", "/repos/o/r/actions/runs/7"


def test_a_run_of_a_fork_that_was_deleted_since_has_no_pull_request():
    found = {"id": 1, "name": "spec-to-production-tests.default-1", "archive_download_url": "u"}
    run = {
        "url": f"{API}{RUN}",
        "artifacts_url": f"{API}{RUN}/artifacts",
        "id": 7,
        "run_attempt": 1,
        "head_branch": "feature",
        "head_sha": "a" * 40,
        "head_repository": None,
    }
    with responses.RequestsMock() as github:
        # PyGithub names the port.
        github.get(f"{API}:443{RUN}", json=run)
        github.get(f"{API}:443{RUN}/artifacts", json={"total_count": 1, "artifacts": [found]})

        with pytest.raises(GitHubError, match="is gone"):
            find_run(connect("token", API), "o/r", 7, "default")
