"""The result of another run, whose token could not post the comment: a fork's.

Nothing that a fork's run made decides where the comment goes: the run and its pull request are
asked from GitHub. Its artifact is data: one file of it is read, in memory, up to a size, and has
to be a valid result.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass

import httpx
from github import Github
from github.Repository import Repository

from spec_to_production import archives
from spec_to_production.errors import GitHubError
from spec_to_production.github.artifact import Name
from spec_to_production.github.connection import explained
from spec_to_production.results import Spec, WorkflowResult

REPORT = "report.json"
LARGEST_BYTES = 50 << 20

_IS_REPORT = re.compile(rf"(?:[^/]+/)?{re.escape(REPORT)}")
_TIMEOUT_S = 30


@dataclass(frozen=True)
class FinishedRun:
    """A run of this repository's workflows, as GitHub tells it.

    ``head`` is the pull request's branch as ``owner:branch``.
    """

    id: int
    attempt: int
    head: str
    sha: str
    artifact_name: str
    artifact_id: int
    download_url: str


def find_run(github: Github, repository: str, run_id: int, comment_id: str) -> FinishedRun:
    """Look a run and its artifact up.

    Raises:
        GitHubError: GitHub refused, or the run has no artifact of this tool.
    """
    with explained("look up the run that has finished"):
        run = github.get_repo(repository).get_workflow_run(run_id)
        name = Name("", comment_id, run.run_attempt)
        artifacts = [found for found in run.get_artifacts() if name.matches(found.name)]
        if not artifacts:
            raise GitHubError(
                f"Run {run_id} has no artifact of this tool with the comment-id {comment_id!r}.",
                hint="Give both workflows the same 'comment-id'.",
            )
        fork: Repository | None = run.head_repository  # null once it was deleted
        if fork is None:
            raise GitHubError(f"The repository that run {run_id} is of is gone.")
        newest = max(artifacts, key=lambda found: found.id)
        return FinishedRun(
            id=run_id,
            attempt=run.run_attempt,
            head=f"{fork.full_name.partition('/')[0]}:{run.head_branch}",
            sha=run.head_sha,
            artifact_name=newest.name,
            artifact_id=newest.id,
            download_url=newest.archive_download_url,
        )


def fetch_results(run: FinishedRun, token: str, client: httpx.Client) -> tuple[WorkflowResult, ...]:
    """Download the run's results, one for each spec, and check that they are some.

    Raises:
        GitHubError: It cannot be had, is too large or is no result.
    """
    archive = _download(run.download_url, token, client)
    try:
        return tuple(map(parse_report, _reports(archive, run)))
    # RuntimeError: it is encrypted, or packed in a way that is not known.
    except (*archives.UNREADABLE, KeyError, RuntimeError) as error:
        raise GitHubError(f"{run.artifact_name} holds no valid {REPORT}.") from error


def _reports(archive: bytes, run: FinishedRun) -> list[bytes]:
    """The reports, in the order of their folders' names."""
    contents: list[bytes] = []
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        names = [name for name in files.namelist() if _IS_REPORT.fullmatch(name)]
        for name in sorted(names or [REPORT]):
            room = LARGEST_BYTES - sum(map(len, contents))
            with files.open(name) as report:
                contents.append(report.read(room + 1))
            if len(contents[-1]) > room:
                told = f"{REPORT} in {run.artifact_name} is over {LARGEST_BYTES >> 20} MiB."
                raise GitHubError(told)
    return contents


def parse_report(content: bytes) -> WorkflowResult:
    """Read a report back. What is computed in it is computed anew.

    Raises:
        ValueError: It is no report.
    """
    fields = json.loads(content)
    if not isinstance(fields, dict) or not isinstance(fields.get("spec"), dict):
        raise ValueError("no result")  # noqa: TRY004 - as for any other text that is none
    for name in WorkflowResult.model_computed_fields:
        fields.pop(name, None)
    for name in Spec.model_computed_fields:
        fields["spec"].pop(name, None)
    return WorkflowResult.model_validate(fields)


def _download(url: str, token: str, client: httpx.Client) -> bytes:
    content = bytearray()
    try:
        with client.stream(
            "GET",
            url,
            headers={"Authorization": f"Bearer {token}"},
            follow_redirects=True,
            timeout=_TIMEOUT_S,
        ) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > LARGEST_BYTES:
                    raise GitHubError(f"The artifact is over {LARGEST_BYTES >> 20} MiB.")
    except httpx.HTTPError as error:
        # The address that GitHub redirects to holds a signature: only the kind is told.
        raise GitHubError(
            f"The artifact could not be downloaded: {type(error).__name__}.",
            hint="The job needs the permission 'actions: read'.",
        ) from None
    return bytes(content)
