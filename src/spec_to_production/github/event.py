"""What started this run, from the runner's environment and the event's payload."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spec_to_production.errors import GitHubError
from spec_to_production.results import Value

_DEPENDABOT = "dependabot[bot]"


class Comment(Value):
    """A comment that started a run."""

    id: int
    body: str


class Event(Value):
    """The event, reduced to what decides where results go and what this run may do.

    Attributes:
        branch: The branch whose open pull request is meant, where the event names none itself.
        head_branch: The branch whose code the event is about; ``None`` where that is a fork's.
        pull_request: The pull request's number, where the event is about one.
        comment: The comment that an ``issue_comment`` event is about.
        finished_run: The run that a ``workflow_run`` event tells of.
        from_fork: The pull request comes from another repository.
        from_dependabot: Dependabot caused it.
    """

    name: str
    repository: str
    sha: str
    run_id: int
    run_attempt: int
    job: str
    branch: str | None = None
    head_branch: str | None = None
    pull_request: int | None = None
    comment: Comment | None = None
    finished_run: int | None = None
    head_sha: str | None = None
    from_fork: bool = False
    from_dependabot: bool = False
    server_url: str
    api_url: str

    @property
    def without_secrets(self) -> bool:
        """GitHub gives such a run no secrets, whatever the workflow's permissions say.

        Two events are the exception: they run in the name of the base repository.
        """
        of_the_base = self.name in {"pull_request_target", "workflow_run"}
        return not of_the_base and (self.from_fork or self.from_dependabot)

    @property
    def run_url(self) -> str:
        """This run's page."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Repository(_Payload):
    full_name: str


class _Side(_Payload):
    sha: str
    ref: str | None = None
    repo: _Repository | None


class _PullRequest(_Payload):
    number: int
    head: _Side
    base: _Side

    @property
    def from_fork(self) -> bool:
        # A fork that was deleted since is null.
        return self.head.repo is None or self.head.repo != self.base.repo

    @property
    def head_branch(self) -> str | None:
        return None if self.from_fork else self.head.ref


class _WorkflowRun(_Payload):
    id: int
    head_repository: _Repository | None = None


class _Comment(_Payload):
    id: int
    body: str = ""


class _Issue(_Payload):
    number: int
    pull_request: dict[str, object] | None = None


class _EventPayload(_Payload):
    comment: _Comment | None = None
    issue: _Issue | None = None
    pull_request: _PullRequest | None = None
    workflow_run: _WorkflowRun | None = None

    @property
    def number(self) -> int | None:
        """The pull request's number; GitHub calls one an issue where it is commented on."""
        if self.issue is not None and self.issue.pull_request is not None:
            return self.issue.number
        return self.pull_request.number if self.pull_request else None

    def is_about_a_fork_of(self, repository: str) -> bool:
        """Whether the code is another repository's."""
        if self.workflow_run is not None:
            return self.workflow_run.head_repository != _Repository(full_name=repository)
        return self.pull_request is not None and self.pull_request.from_fork


class _Environment(_Payload):
    """The runner's variables that are always there."""

    event_name: str = Field(alias="GITHUB_EVENT_NAME")
    event_path: Path = Field(alias="GITHUB_EVENT_PATH")
    repository: str = Field(alias="GITHUB_REPOSITORY")
    sha: str = Field(alias="GITHUB_SHA")
    ref: str = Field("", alias="GITHUB_REF")
    run_id: int = Field(alias="GITHUB_RUN_ID")
    run_attempt: int = Field(1, alias="GITHUB_RUN_ATTEMPT")
    job: str = Field("", alias="GITHUB_JOB")
    actor: str = Field("", alias="GITHUB_ACTOR")
    triggering_actor: str = Field("", alias="GITHUB_TRIGGERING_ACTOR")
    server_url: str = Field(alias="GITHUB_SERVER_URL")
    api_url: str = Field(alias="GITHUB_API_URL")


def read_event(env: Mapping[str, str]) -> Event:
    """Read the event that started this run.

    Raises:
        GitHubError: This is not a GitHub Actions step, or the payload cannot be read.
    """
    try:
        runner = _Environment.model_validate(env)
    except ValidationError as error:
        names = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise GitHubError(
            f"The runner's environment is not complete: {names}.",
            hint="This front runs inside a GitHub Actions step; elsewhere use the command line.",
        ) from error
    payload = _read_payload(runner.event_path)
    pull_request = payload.pull_request
    return Event(
        name=runner.event_name,
        repository=runner.repository,
        sha=runner.sha,
        run_id=runner.run_id,
        run_attempt=runner.run_attempt,
        job=runner.job,
        branch=_branch(runner.ref),
        head_branch=pull_request.head_branch if pull_request else _branch(runner.ref),
        pull_request=payload.number,
        comment=Comment(id=payload.comment.id, body=payload.comment.body)
        if payload.comment and runner.event_name == "issue_comment"
        else None,
        finished_run=payload.workflow_run.id if payload.workflow_run else None,
        head_sha=pull_request.head.sha if pull_request else None,
        from_fork=payload.is_about_a_fork_of(runner.repository),
        # A person who runs Dependabot's job again lends it their own rights.
        from_dependabot=(runner.triggering_actor or runner.actor) == _DEPENDABOT,
        server_url=runner.server_url.rstrip("/"),
        api_url=runner.api_url.rstrip("/"),
    )


def _read_payload(path: Path) -> _EventPayload:
    try:
        return _EventPayload.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise GitHubError(f"The event's payload ({path}) cannot be read: {error}") from error


def _branch(ref: str) -> str | None:
    prefix = "refs/heads/"
    queued = ref.startswith(f"{prefix}gh-readonly-queue/")
    return ref.removeprefix(prefix) if ref.startswith(prefix) and not queued else None
