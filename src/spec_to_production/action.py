"""The GitHub Action's front: inputs and event in; comment, summary, outputs, artifact out."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

import httpx
from pydantic import SecretStr
from rich.console import Console, RenderableType

from spec_to_production import engine, reporting
from spec_to_production.delivery import write_reports
from spec_to_production.errors import InputError, SettingsError, SpecToProductionError
from spec_to_production.github import commands, delivery
from spec_to_production.github.artifact import Artifact, Name, upload
from spec_to_production.github.comment import (
    LIMIT,
    Marker,
    find_open,
    find_pull_request,
    post,
)
from spec_to_production.github.connection import certificates, connect
from spec_to_production.github.event import Event, read_event
from spec_to_production.github.folders import close_to_others
from spec_to_production.github.relay import fetch_result, find_run
from spec_to_production.github.trust import PRIVILEGED, author_association, require_trust
from spec_to_production.reporting import Links, words
from spec_to_production.reporting.headline import verdict
from spec_to_production.results import WorkflowResult
from spec_to_production.settings import Settings, from_action
from spec_to_production.snapshot import find_head, find_root
from spec_to_production.verification.expected_failures import expected_failures
from spec_to_production.workflow import Interrupted

BAD_INPUT = 2

_LOG_COLUMNS = 100
_RELAYED = "_As a run of the pull request's own code reports it; this repository did not check it._"

OUTPUTS = {
    "verdict": "The verdict in a sentence.",
    "accepted": "How many tests were accepted.",
    "rejected": "How many tests were rejected.",
    "disputed": "How many tests show a dispute between spec and code.",
    "requirements": "How many requirements the spec has.",
    "requirements-proven": "How many of them have an accepted test.",
    "coverage": "Line coverage of the component with the accepted tests, in percent.",
    "coverage-before": "Line coverage before, in percent.",
    "mutation-score": "Share of mutants that the tests kill, in percent.",
    "promotable": "Whether every gate of the target passed: true or false.",
    "report-path": "Folder of the reports, the tests and the patch, in the workspace.",
    "comment-url": "Address of the pull-request comment.",
    "delivery-url": "Address of the commit or pull request that brings the tests.",
    "artifact-id": "Id of the uploaded artifact.",
    "artifact-url": "Address of the uploaded artifact.",
    "artifact-digest": "SHA-256 of the uploaded artifact.",
}
"""The step's outputs. One that was not measured, or does not exist, is empty."""

T = TypeVar("T")


class Engine(Protocol):
    """Runs the whole workflow; see :func:`spec_to_production.engine.run`."""

    def __call__(
        self,
        settings: Settings,
        start: Path,
        *,
        env: Mapping[str, str],
        write: Callable[[str], None],
    ) -> WorkflowResult:
        """One run, in the checkout that ``start`` lies in."""


def main(env: Mapping[str, str] = os.environ, run: Engine = engine.run) -> int:
    """Run the action; returns its exit code.

    0, or 1 for what ``fail-on`` names, 2 for bad input, 130 and 143 for an interrupted run.
    """
    try:
        return _act(env, run)
    except InputError as error:
        commands.annotate("error", str(error), title="spec-to-production: input")
        return BAD_INPUT
    except SpecToProductionError as error:
        commands.annotate("error", str(error), title="spec-to-production")
        return 1
    except Interrupted as interrupt:
        return 128 + interrupt.signum
    except KeyboardInterrupt:  # after the run, while its result was on its way
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - its text may hold commands; it must not be printed raw
        commands.quote(traceback.format_exc())
        commands.annotate(
            "error",
            f"Internal error: {type(error).__name__}. This is a fault of spec-to-production; "
            "please report it with the log above.",
        )
        return 1


def _act(env: Mapping[str, str], run: Engine) -> int:
    if env.get("INPUT_MODE") == "report":
        return _relay(env)
    root = Path(env.get("GITHUB_WORKSPACE") or Path.cwd())
    settings = from_action(env, root)
    for secret in engine.secrets(settings, env):
        commands.mask(secret)
    close_to_others(env)
    event = read_event(env)
    certificates(settings.ca_bundle)  # a bundle that is none is found before anything is spent
    if settings.dry_run:
        plan = engine.make_plan(settings, root)
        commands.say(_as_text(reporting.plan_table(plan.tasks, plan.spec, plan.component)))
        return 0
    output = _output_folder(root, settings.output)
    settings = _within_its_rights(settings, event)
    if event.name in PRIVILEGED:
        _require_trust(settings, event, root)

    result = run(settings, root, env=env, write=commands.say)

    write_reports(output, reporting.files(result, _links(result, event)))
    _hand_over(output, root)
    if result.interrupted_by is not None:
        _publish(result, settings, _links(result, event), None)
        return 128 + result.interrupted_by
    artifact = _attempt("artifact", lambda: _upload(output, settings, env, event))
    links = _links(result, event, artifact)
    if settings.deliver != "comment":
        delivered = _attempt("delivery", lambda: _deliver(result, settings, event, links))
        links = replace(links, delivered_url=delivered)
    _publish(result, settings, links, artifact)
    # Without secrets the token can only read, whatever the workflow says: trying is no use.
    if settings.comment and settings.github_token and not event.without_secrets:
        token = settings.github_token
        url = _attempt("comment", lambda: _comment(result, settings, token, event, links))
        commands.set_output("comment-url", url or "")
    return engine.exit_code(result, settings.fail_on)


def _publish(
    result: WorkflowResult, settings: Settings, links: Links, artifact: Artifact | None
) -> None:
    """Give the runner the summary, the annotations, the outputs and the end of the log."""
    commands.append_summary(reporting.summary(result, links=links))
    for note in reporting.annotations(result):
        commands.annotate(
            note.level, note.message, title=note.title, path=note.path or "", line=note.line
        )
    for name, value in _outputs(result, settings, artifact).items():
        commands.set_output(name, value)
    commands.set_output("delivery-url", links.delivered_url or "")
    with commands.group("Result"):
        commands.say(_as_text(reporting.summary_table(result)))


def _links(result: WorkflowResult, event: Event, artifact: Artifact | None = None) -> Links:
    return Links(
        server=event.server_url,
        repository=event.repository,
        sha=result.base_commit or event.sha,
        run_id=event.run_id,
        run_attempt=event.run_attempt,
        artifact_name=artifact.name if artifact else None,
        artifact_url=artifact.url if artifact else None,
    )


def _relay(env: Mapping[str, str]) -> int:
    """Post the comment for a run that could not: a fork's. It needs no checkout."""
    token, comment_id = env.get("INPUT_GITHUB-TOKEN", ""), env.get("INPUT_COMMENT-ID") or "default"
    bundle = env.get("INPUT_CA-BUNDLE") or None
    commands.mask(token)
    event = read_event(env)
    if event.finished_run is None:
        raise SettingsError(
            f"mode: 'report' is for the event workflow_run; this one is {event.name}.",
            hint="The guide to forks shows the workflow.",
        )
    with (
        closing(connect(token, event.api_url, bundle)) as github,
        httpx.Client(verify=certificates(bundle)) as client,
    ):
        run = find_run(github, event.repository, event.finished_run, comment_id)
        number = find_open(github, event.repository, run.head)
        if number is None:
            commands.say(f"{run.head} has no open pull request to comment on.")
            return 0
        links = Links(
            server=event.server_url,
            repository=event.repository,
            sha=run.sha,
            run_id=run.id,
            run_attempt=run.attempt,
            artifact_name=run.artifact_name,
            artifact_url=f"{event.server_url}/{event.repository}/actions/runs/{run.id}"
            f"/artifacts/{run.artifact_id}",
        )
        marker = Marker(comment_id, run.id, run.attempt)
        body = reporting.comment(
            fetch_result(run, token, client),
            links=links,
            marker=f"{marker}\n\n{_RELAYED}\n",
            limit=LIMIT,
        )
        commands.set_output("comment-url", post(github, event.repository, number, body))
    return 0


def _require_trust(settings: Settings, event: Event, root: Path) -> None:
    if settings.github_token is None:
        raise SettingsError(
            f"github-token: not given, and a run by {event.name} has to ask who its author is."
        )
    token = settings.github_token.get_secret_value()
    with closing(connect(token, event.api_url, settings.ca_bundle)) as github:
        require_trust(event, author_association(github, event), find_head(find_root(root)))


def _within_its_rights(settings: Settings, event: Event) -> Settings:
    """What such a run can do: without secrets, tests are judged and none are generated."""
    if not event.without_secrets or settings.llm_api_key or settings.mode == "verify":
        return settings
    if not settings.enable_openhands:
        return settings
    who = "Dependabot" if event.from_dependabot else "a fork"
    if settings.tests:
        told = f"The tests in {settings.tests} are judged."
        changed: dict[str, object] = {"mode": "verify"}
    else:
        told = "Name the input 'tests' to have the tests judged that the pull request brings."
        changed = {"enable_openhands": False}
    commands.annotate(
        "notice",
        f"This run comes from {who}, and GitHub gives it no secrets: no tests are generated. "
        f"{told} The result is in the job summary and the artifact.",
        title="spec-to-production: without secrets",
    )
    return settings.model_copy(update=changed)


def _output_folder(root: Path, output: str) -> Path:
    """The folder for results. The checkout is not trusted: a link in it could lead anywhere."""
    folder = root / output
    if output.endswith(".json"):
        raise SettingsError(f"output: {output!r} is a file's name; the action writes a folder.")
    hint = "Give a relative path that the repository does not contain, as 'out'."
    if root.resolve() not in folder.resolve().parents:
        raise SettingsError(f"output: {output!r} is not a folder inside the workspace.", hint=hint)
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            raise SettingsError(
                f"output: {path.relative_to(root)} is a symbolic link; it is not followed.",
                hint=hint,
            )
    return folder


def _hand_over(output: Path, root: Path) -> None:
    """Give what root wrote to the workspace's owner, who has to clean it up one day."""
    owner = root.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    above = [path for path in output.parents if path.is_relative_to(root) and path != root]
    for path in (*above, output, *output.rglob("*")):
        if path.lstat().st_uid == 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _upload(output: Path, settings: Settings, env: Mapping[str, str], event: Event) -> Artifact:
    name = Name(event.job, settings.comment_id, event.run_attempt)
    with httpx.Client(verify=certificates(settings.ca_bundle)) as client:
        return upload(
            str(name), output, env, event, client, retention_days=settings.retention_days
        )


def _deliver(
    result: WorkflowResult, settings: Settings, event: Event, links: Links
) -> str | None:
    """Bring the tests into the repository; returns the commit's or the pull request's address."""
    found, reason = result.verification, delivery.obstacle(event, result.base_commit)
    if found is None or not result.jobs:
        reason = "nothing was generated"
    files = found.files if found else ()
    if found and settings.deliver_disputes:
        files += expected_failures(found)
    if not files and any(job.status != "succeeded" for job in result.jobs):
        reason = "no test was accepted, and not every job succeeded"
    if reason or not settings.github_token:
        commands.say(f"Nothing is delivered: {reason or 'there is no token'}.")
        return None
    title = f"Add {words.count(len(files), 'test file')} written from the spec"
    change, target = delivery.Change.by_run(files, title, event.run_url), delivery.Target.of(event)
    token = settings.github_token.get_secret_value()
    with closing(connect(token, event.api_url, settings.ca_bundle)) as github:
        if settings.deliver == "commit":
            made = delivery.commit(github, target, change)
        else:
            body = reporting.comment(result, links=links, limit=LIMIT)
            made = delivery.propose(github, target, settings.comment_id, change, body)
    commands.say(f"The tests: {made.told}.")
    return made.url


def _comment(
    result: WorkflowResult, settings: Settings, token: SecretStr, event: Event, links: Links
) -> str | None:
    bundle = settings.ca_bundle
    with closing(connect(token.get_secret_value(), event.api_url, bundle)) as github:
        number = find_pull_request(github, event)
        if number is None:
            commands.say("There is no open pull request to comment on.")
            return None
        marker = Marker(settings.comment_id, event.run_id, event.run_attempt)
        body = reporting.comment(result, links=links, marker=str(marker), limit=LIMIT)
        return post(github, event.repository, number, body)


def _outputs(
    result: WorkflowResult, settings: Settings, artifact: Artifact | None
) -> dict[str, str]:
    found = result.verification
    tests = found.tests if found else ()
    counts = {
        name: str(sum(test.verdict == name for test in tests))
        for name in ("accepted", "rejected", "disputed")
    }
    proven = [row for row in (found.requirements if found else ()) if row.state == "proven"]
    return {
        "verdict": verdict(result),
        **counts,
        "requirements": str(len(result.spec.requirements)),
        "requirements-proven": str(len(proven)),
        "coverage": _percent(found.coverage.after if found else None),
        "coverage-before": _percent(found.coverage.before if found else None),
        "mutation-score": _percent(found.mutation.after if found else None),
        "promotable": str(result.promotable).lower(),
        "report-path": settings.output,
        "comment-url": "",
        "artifact-id": artifact.id if artifact else "",
        "artifact-url": artifact.url if artifact else "",
        "artifact-digest": artifact.digest if artifact else "",
    }


def _as_text(renderable: RenderableType) -> str:
    console = Console(width=_LOG_COLUMNS, color_system=None)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def _percent(measured: float | None) -> str:
    return "" if measured is None else f"{measured:.1f}"


def _attempt(what: str, work: Callable[[], T]) -> T | None:
    """Do what may fail without costing the run its result: a warning says why."""
    try:
        return work()
    except SpecToProductionError as error:
        commands.annotate("warning", str(error), title=f"spec-to-production: {what}")
        return None
