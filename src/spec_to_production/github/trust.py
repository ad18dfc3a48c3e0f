"""Who may start a run that has secrets and yet may run code of somebody else's.

GitHub keeps its secrets from ``pull_request`` runs of forks. The events below run in the name of
the base repository, with its secrets, whoever caused them; there this tool decides by itself.
"""

from __future__ import annotations

import re

from github import Github

from spec_to_production.errors import InputError
from spec_to_production.github.connection import explained
from spec_to_production.github.event import Event

PRIVILEGED = ("issue_comment", "pull_request_target")
"""Events that have secrets and can be caused by anybody; their author is asked for."""

AFTER_ANOTHER = "workflow_run"
"""The event that has secrets whoever caused the run before it."""

TRUSTED = ("OWNER", "MEMBER", "COLLABORATOR")
"""What GitHub may say of an author (``author_association``) for a run to go on."""

_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
_QUOTED = re.compile(r"^\s*>.*", re.MULTILINE)


def author_association(github: Github, event: Event) -> str:
    """What the author of the comment, or else of the pull request, is to the repository now.

    Raises:
        GitHubError: GitHub refused, or could not be reached.
    """
    with explained("ask who started this run"):
        repository = github.get_repo(event.repository)
        number = event.pull_request or 0
        if event.comment is not None:
            said = repository.get_issue(number).get_comment(event.comment.id).raw_data
        else:
            said = repository.get_pull(number).raw_data
    return str(said.get("author_association"))


def require_trust(event: Event, association: str, checked_out: str | None) -> None:
    """Go on only for a trusted author, and only with the very commit that was meant.

    Args:
        event: What started the run.
        association: See :func:`author_association`.
        checked_out: The commit of the checkout.

    Raises:
        InputError: The author is not trusted, or the commit could be another by now.
    """
    if association not in TRUSTED:
        raise InputError(
            f"A run by {event.name} has secrets, and its author ({association}) is none of "
            f"{', '.join(TRUSTED)}: nothing was run.",
            hint="Use the event pull_request; the guide to forks (docs/forks.md) shows how.",
        )
    if event.comment is not None:
        # An answer may quote what somebody else had asked for.
        meant = {event.sha, *_COMMIT.findall(_QUOTED.sub("", event.comment.body))}
        hint = "Name the full commit in the comment, and check that commit out."
    else:
        meant = {event.sha, event.head_sha}
        hint = "Check out ${{ github.event.pull_request.head.sha }}, not a branch."
    if checked_out not in meant:
        raise InputError(
            f"A run by {event.name} has secrets, and the checkout is at {checked_out}, which "
            "nobody named: the branch may have moved. Nothing was run.",
            hint=hint,
        )


def require_own_code(event: Event, checked_out: str | None) -> None:
    """After a run of a fork's or Dependabot's, go on only with the default branch's code.

    Raises:
        InputError: The checkout is at another commit.
    """
    foreign = event.from_fork or event.from_dependabot
    if foreign and checked_out != event.sha:
        raise InputError(
            f"A run by {AFTER_ANOTHER} has secrets, the run before it was a fork's or "
            f"Dependabot's, and the checkout is not at {event.sha}: nothing was run.",
            hint="Judge such code in the event pull_request; mode 'report' posts the comment here. "
            "The guide to forks (docs/forks.md) shows both workflows.",
        )
