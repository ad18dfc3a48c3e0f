"""Brings tests into the repository: as a commit on the branch, or as a pull request of their own.

GitHub itself makes the commits, from a tree (its Git data API): nothing is cloned or pushed, and
a commit that names no author is signed by GitHub in the name of the token's owner. The user's
branch only moves forward from the commit that was judged. The branch of our own pull request is
rewritten by every run, unless someone else has committed to it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from github import Github, InputGitTreeElement, UnknownObjectException
from github.GitCommit import GitCommit
from github.GitRef import GitRef
from github.PullRequest import PullRequest
from github.Repository import Repository

from spec_to_production.github.connection import explained
from spec_to_production.github.event import Event
from spec_to_production.results import GeneratedFile

OWN_BRANCHES = "spec-to-production/"

_TRAILER = "Spec-to-Production-Run"
_FILE = "100644"


@dataclass(frozen=True)
class Target:
    """Where tests are to go: a branch, and the commit of it that the run judged."""

    repository: str
    branch: str
    sha: str

    @classmethod
    def of(cls, event: Event) -> Target:
        """The branch that an event without :func:`obstacle` is about."""
        return cls(event.repository, event.head_branch or "", event.head_sha or event.sha)


@dataclass(frozen=True)
class Delivery:
    """What came of it: the address of the commit or pull request, or why there is none."""

    url: str | None
    told: str


@dataclass(frozen=True)
class Change:
    """Files to add, and the message of the commit that adds them.

    Attributes:
        files: The files.
        message: The commit's message.
        decided: The paths that the run has decided on; ``None`` stands for all. What an earlier
            run proposed at other paths is still proposed.
    """

    files: Sequence[GeneratedFile]
    message: str
    decided: Collection[str] | None = None

    @classmethod
    def by_run(
        cls,
        files: Sequence[GeneratedFile],
        title: str,
        run_url: str,
        decided: Collection[str] | None = None,
    ) -> Change:
        """A change whose commit is known again as one of this tool's."""
        return cls(files, f"{title}\n\n{_TRAILER}: {run_url}", decided)

    @property
    def title(self) -> str:
        """The message's first line."""
        return self.message.partition("\n")[0]


def obstacle(event: Event, base_commit: str | None) -> str | None:
    """Why nothing can be delivered to the branch that the event is about, if so.

    Args:
        event: What started the run.
        base_commit: The commit that the checkout was at, which the tests were judged on.
    """
    branch = event.head_branch or ""
    reasons = (
        (event.without_secrets, "a run from a fork or from Dependabot may not write"),
        (
            event.name == "pull_request_target",
            "a run in the name of the base judges the base, not the pull request",
        ),
        (not branch, "the run is not about a branch of this repository"),
        (branch.startswith(OWN_BRANCHES), f"{branch} is a branch of this tool's own"),
        (
            base_commit not in {event.sha, event.head_sha},
            f"the checkout is at another commit than {branch}",
        ),
    )
    return next((reason for holds, reason in reasons if holds), None)


def commit(github: Github, target: Target, change: Change) -> Delivery:
    """Commit a change to the branch. What is there already is not committed again.

    Raises:
        GitHubError: GitHub refused, or could not be reached.
    """
    with explained("commit the tests to the branch"):
        repository = github.get_repo(target.repository)
        ref = repository.get_git_ref(f"heads/{target.branch}")
        if ref.object.sha != target.sha:
            return _moved(target)
        head = repository.get_git_commit(target.sha)
        if _is_ours(head):  # else a token that starts runs would start one after another
            return Delivery(None, f"the last commit of {target.branch} is this tool's own")
        made = _commit_on(repository, head, change.message, _new(change))
        if made is None:
            return Delivery(None, f"{target.branch} has them already")
        ref.edit(made.sha, force=False)
        return Delivery(made.html_url, f"committed to {target.branch}")


def propose(github: Github, target: Target, own: str, change: Change, body: str) -> Delivery:
    """Make a change the one open pull request against the branch; close it when nothing is left.

    Args:
        github: The client.
        target: The branch to propose the change for.
        own: A word that tells several such pull requests against one branch apart.
        change: All that is to be proposed.
        body: The pull request's description.

    Raises:
        GitHubError: GitHub refused, or could not be reached.
    """
    with explained("propose the tests in a pull request"):
        repository = github.get_repo(target.repository)
        if repository.get_git_ref(f"heads/{target.branch}").object.sha != target.sha:
            return _moved(target)
        branch = f"{OWN_BRANCHES}{own}/{target.branch}"
        ref = _find(repository, branch)
        if ref is not None and not _is_ours(repository.get_git_commit(ref.object.sha)):
            return Delivery(None, f"someone else has committed to {branch}; it is left as it is")
        owner = target.repository.partition("/")[0]
        pulls = repository.get_pulls(state="open", head=f"{owner}:{branch}", base=target.branch)
        pull = next(iter(pulls), None)
        files = [*_new(change), *(_kept(repository, ref, change) if ref else ())]
        head = repository.get_git_commit(target.sha)
        made = _commit_on(repository, head, change.message, files)
        if made is None:
            _withdraw(pull, ref)
            return Delivery(None, f"nothing is left to propose for {target.branch}")
        if ref is None:
            repository.create_git_ref(f"refs/heads/{branch}", made.sha)
        else:
            ref.edit(made.sha, force=True)
        if pull is None:
            pull = repository.create_pull(target.branch, branch, title=change.title, body=body)
        else:
            pull.edit(title=change.title, body=body)
        return Delivery(pull.html_url, f"proposed for {target.branch}")


def _withdraw(pull: PullRequest | None, ref: GitRef | None) -> None:
    if pull is not None:
        pull.edit(state="closed")
    if ref is not None:
        ref.delete()


def _moved(target: Target) -> Delivery:
    return Delivery(None, f"{target.branch} has moved on since {target.sha[:12]} was judged")


def _is_ours(commit: GitCommit) -> bool:
    return any(line.startswith(f"{_TRAILER}: ") for line in commit.message.splitlines())


def _find(repository: Repository, branch: str) -> GitRef | None:
    ref = repository.get_git_ref(f"heads/{branch}")
    try:
        ref.update()
    except UnknownObjectException:
        return None
    return ref


def _new(change: Change) -> list[InputGitTreeElement]:
    return [InputGitTreeElement(file.path, _FILE, "blob", file.content) for file in change.files]


def _kept(repository: Repository, ref: GitRef, change: Change) -> list[InputGitTreeElement]:
    """What the last run's commit added, where this run has not decided."""
    if change.decided is None:
        return []
    return [
        InputGitTreeElement(file.filename, _FILE, "blob", sha=file.sha)
        for file in repository.get_commit(ref.object.sha).files
        if file.filename not in change.decided
    ]


def _commit_on(
    repository: Repository, head: GitCommit, message: str, files: Sequence[InputGitTreeElement]
) -> GitCommit | None:
    """A commit, on no branch yet, of the files; ``None`` when it would change nothing."""
    if not files:
        return None
    tree = repository.create_git_tree(list(files), base_tree=head.tree)
    if tree.sha == head.tree.sha:
        return None
    return repository.create_git_commit(message, tree, [head])
