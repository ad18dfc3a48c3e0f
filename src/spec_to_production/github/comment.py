"""One comment on a pull request, kept up to date by every run.

A hidden marker on the first line tells our comments from others and says which run wrote them.
GitHub has no conditional write for comments: two runs that edit within the same moment can
still cross, which a workflow's ``concurrency`` rules out.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from github import Github, UnknownObjectException
from github.Issue import Issue

from spec_to_production.errors import GitHubError
from spec_to_production.github.connection import explained
from spec_to_production.github.event import Event

LIMIT = 65_536
"""Characters of an issue comment; GitHub refuses a longer one with 422."""

_MOST_FILES = 3000  # of a pull request that GitHub lists

_VIEWER = "query { viewer { login } }"
_MARKER = re.compile(
    r"\A<!-- spec-to-production id=(?P<id>\S+) "
    r"run=(?P<run>\d{1,20}) attempt=(?P<attempt>\d{1,9}) -->"
)


@dataclass(frozen=True)
class Marker:
    """Whose comment it is, among ours, and which run wrote it."""

    comment_id: str
    run_id: int
    attempt: int

    def __str__(self) -> str:
        return (
            f"<!-- spec-to-production id={self.comment_id} "
            f"run={self.run_id} attempt={self.attempt} -->"
        )

    @classmethod
    def read(cls, body: str) -> Marker | None:
        """The marker that a comment begins with; quoted further down it counts for nothing."""
        found = _MARKER.match(body)
        return cls(found["id"], int(found["run"]), int(found["attempt"])) if found else None

    @property
    def age(self) -> tuple[int, int]:
        """Grows from run to run, and from one attempt of a run to the next."""
        return self.run_id, self.attempt


@dataclass(frozen=True)
class Comment:
    """A comment that stands on the pull request."""

    id: int
    author: str
    body: str
    url: str


@dataclass(frozen=True)
class Create:
    """There is none of ours yet."""


@dataclass(frozen=True)
class Edit:
    """Ours is older, or says something else."""

    comment: Comment


@dataclass(frozen=True)
class Keep:
    """Ours already says this, or a newer run wrote it."""

    comment: Comment


@dataclass(frozen=True)
class Plan:
    """What to write, and which duplicates of ours to remove."""

    write: Create | Edit | Keep
    remove: tuple[Comment, ...] = ()


def plan(existing: Iterable[Comment], *, author: str, body: str) -> Plan:
    """Decide what to do so that one comment stays: the newest run's.

    Args:
        existing: All comments on the pull request.
        author: Our own login; what others wrote is never touched.
        body: The new comment; it begins with its marker.
    """
    marker = Marker.read(body)
    if marker is None:
        raise ValueError("The comment does not begin with its marker.")
    ours = [
        (known, comment)
        for comment in existing
        if comment.author == author
        and (known := Marker.read(comment.body))
        and known.comment_id == marker.comment_id
    ]
    if not ours:
        return Plan(Create())
    newest, kept = max(ours, key=lambda pair: (pair[0].age, -pair[1].id))
    remove = tuple(comment for _, comment in ours if comment is not kept)
    stands = newest.age > marker.age or kept.body == body
    return Plan(Keep(kept) if stands else Edit(kept), remove)


def find_pull_request(github: Github, event: Event) -> int | None:
    """The pull request that the event is about, or the open one of the event's branch.

    Raises:
        GitHubError: GitHub refused, or could not be reached.
    """
    if event.pull_request or not event.branch:
        return event.pull_request
    owner = event.repository.partition("/")[0]
    return find_open(github, event.repository, f"{owner}:{event.branch}")


def find_open(github: Github, repository: str, head: str) -> int | None:
    """The open pull request of a branch, given as ``owner:branch``.

    Raises:
        GitHubError: GitHub refused, or could not be reached.
    """
    with explained("look for the branch's pull request"):
        found = github.get_repo(repository).get_pulls(state="open", head=head)
        return next((pull.number for pull in found), None)


def changed_files(github: Github, repository: str, number: int) -> frozenset[str] | None:
    """The files that a pull request changes, renamed ones by both names.

    ``None`` where they are so many that GitHub does not tell of all.

    Raises:
        GitHubError: GitHub refused, or could not be reached.
    """
    with explained("list the files of the pull request"):
        files = list(github.get_repo(repository).get_pull(number).get_files())
    if len(files) >= _MOST_FILES:
        return None
    return frozenset(
        name for file in files for name in (file.filename, file.previous_filename) if name
    )


def post(github: Github, repository: str, number: int, body: str) -> str:
    """Make this the one comment of its id on the pull request; returns the comment's address.

    Raises:
        GitHubError: GitHub refused, or could not be reached.
    """
    with explained("post the pull-request comment"):
        issue = github.get_repo(repository).get_issue(number)
        author = _own_login(github)
        decided = plan(_comments(issue), author=author, body=body)
        if isinstance(decided.write, Create):
            issue.create_comment(body)
            # Another run may have created one in the same moment; each removes the older one.
            decided = plan(_comments(issue), author=author, body=body)
        if isinstance(decided.write, Create):
            raise GitHubError("The pull-request comment was posted and is not there.")
        if isinstance(decided.write, Edit):
            issue.get_comment(decided.write.comment.id).edit(body)
        _remove(issue, decided.remove)
        return decided.write.comment.url


def _own_login(github: Github) -> str:
    # REST's /user refuses a workflow's token; this query answers for every kind of token.
    _, answer = github.requester.graphql_query(_VIEWER, {})
    return str(answer["data"]["viewer"]["login"])


def _comments(issue: Issue) -> list[Comment]:
    return [
        Comment(comment.id, comment.user.login, comment.body or "", comment.html_url)
        for comment in issue.get_comments()
        # The account of a comment can be gone; then it was not ours.
        if comment.user is not None
    ]


def _remove(issue: Issue, comments: Sequence[Comment]) -> None:
    for comment in comments:
        with contextlib.suppress(UnknownObjectException):  # the other run was faster
            issue.get_comment(comment.id).delete()
