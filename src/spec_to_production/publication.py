"""Brings the results of a run to where its readers are: the runner, the artifact, GitHub."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import httpx
from rich.console import Console, RenderableType

from spec_to_production import reporting
from spec_to_production.errors import SettingsError, SpecToProductionError, fault_of_ours
from spec_to_production.github import commands, connection, delivery
from spec_to_production.github.artifact import Artifact, Name, upload
from spec_to_production.github.comment import (
    LIMIT,
    Marker,
    find_open,
    find_pull_request,
    post,
)
from spec_to_production.github.event import Event
from spec_to_production.github.relay import fetch_results, find_run
from spec_to_production.reporting import Links, words
from spec_to_production.reporting.headline import verdict, verdict_on
from spec_to_production.results import GeneratedFile, WorkflowResult
from spec_to_production.settings import Settings
from spec_to_production.verification.expected_failures import expected_failures, path_beside

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


def publish(
    results: Sequence[WorkflowResult],
    output: Path,
    settings: Settings,
    env: Mapping[str, str],
    event: Event,
    *,
    complete: bool = True,
) -> None:
    """Upload, deliver, tell the runner and comment. What fails of it is a warning.

    Args:
        results: What there is to publish.
        output: The folder with the reports.
        settings: The run's settings.
        env: The runner's environment.
        event: What started the run.
        complete: Whether every pair of spec and component has its result.
    """
    artifact = _attempt("artifact", lambda: _upload(output, settings, env, event))
    links = links_for(results[0], event, artifact)
    if settings.deliver != "comment":
        delivered = _attempt(
            "delivery", lambda: _deliver(results, settings, event, links, complete)
        )
        links = replace(links, delivered_url=delivered)
    tell_runner(results, settings, links, artifact)
    # Without secrets the token can only read, whatever the workflow says: trying is no use.
    if settings.comment and settings.github_token and not event.without_secrets:
        token = settings.github_token.get_secret_value()
        _attempt("comment", lambda: _comment(results, settings, token, event, links))


def tell_runner(
    results: Sequence[WorkflowResult],
    settings: Settings,
    links: Links,
    artifact: Artifact | None = None,
) -> None:
    """Give the runner the summary, the annotations, the outputs and the end of the log.

    What fails of it is a warning.
    """
    _attempt("summary", lambda: commands.append_summary(reporting.summary(*results, links=links)))
    _attempt("annotations", lambda: _annotate(results))
    _attempt("outputs", lambda: _set_outputs(results, settings, links, artifact))
    with commands.group("Result"):
        for result in results:
            commands.say(as_text(reporting.summary_table(result)))


def links_for(result: WorkflowResult, event: Event, artifact: Artifact | None = None) -> Links:
    """Where a reader of this run's reports can go on."""
    return Links(
        server=event.server_url,
        repository=event.repository,
        sha=result.base_commit or event.sha,
        run_id=event.run_id,
        run_attempt=event.run_attempt,
        artifact_name=artifact.name if artifact else None,
        artifact_url=artifact.url if artifact else None,
    )


def relay(settings: Settings, event: Event) -> int:
    """Post the comment for a run that could not: a fork's. It needs no checkout."""
    if settings.github_token is None:
        raise SettingsError(
            "github-token: not given, and the mode 'report' posts a comment with it.",
            hint="Leave the input out to use the job's own.",
        )
    token, comment_id = settings.github_token.get_secret_value(), settings.comment_id
    bundle = settings.ca_bundle
    if event.finished_run is None:
        raise SettingsError(
            f"mode: 'report' is for the event workflow_run; this one is {event.name}.",
            hint="The guide to forks shows the workflow.",
        )
    with (
        closing(connection.connect(token, event.api_url, bundle)) as github,
        httpx.Client(verify=connection.certificates(bundle)) as client,
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
            *fetch_results(run, token, client),
            links=links,
            marker=f"{marker}\n\n{_RELAYED}\n",
            limit=LIMIT,
        )
        commands.set_output("comment-url", post(github, event.repository, number, body))
    return 0


def as_text(renderable: RenderableType) -> str:
    """What would be shown on a terminal, for the log."""
    console = Console(width=_LOG_COLUMNS, color_system=None)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def _upload(output: Path, settings: Settings, env: Mapping[str, str], event: Event) -> Artifact:
    name = Name(event.job, settings.comment_id, event.run_attempt)
    with httpx.Client(verify=connection.certificates(settings.ca_bundle)) as client:
        return upload(str(name), output, env, event, client, retention_days=settings.retention_days)


def _deliver(
    results: Sequence[WorkflowResult],
    settings: Settings,
    event: Event,
    links: Links,
    complete: bool,  # noqa: FBT001 - as in publish
) -> str | None:
    """Bring the tests into the repository; returns the commit's or the pull request's address."""
    jobs = [job for result in results for job in result.jobs]
    files: list[GeneratedFile] = []
    for found in filter(None, (result.verification for result in results)):
        files += found.files
        files += expected_failures(found) if settings.deliver_disputes else ()
    reason = delivery.obstacle(event, results[0].base_commit)
    if not jobs:
        reason = "nothing was generated"
    complete = complete and all(job.status == "succeeded" for job in jobs)
    if not files and not complete:
        reason = "no test was accepted, and not every job succeeded"
    if reason or not settings.github_token:
        commands.say(f"Nothing is delivered: {reason or 'there is no token'}.")
        return None
    title = f"Add {words.count(len(files), 'test file')} written from the spec"
    decided = None if complete else _decided(results)
    change = delivery.Change.by_run(files, title, event.run_url, decided)
    target = delivery.Target.of(event)
    token = settings.github_token.get_secret_value()
    with closing(connection.connect(token, event.api_url, settings.ca_bundle)) as github:
        if settings.deliver == "commit":
            made = delivery.commit(github, target, change)
        else:
            body = reporting.comment(*results, links=links, limit=LIMIT)
            made = delivery.propose(github, target, settings.comment_id, change, body)
    commands.say(f"The tests: {made.told}.")
    return made.url


def _decided(results: Sequence[WorkflowResult]) -> set[str]:
    """The paths of tests that these results speak about: those of the jobs that succeeded."""
    paths: set[str] = set()
    for result in results:
        succeeded = [job for job in result.jobs if job.status == "succeeded"]
        done = {job.task_id for job in succeeded}
        paths |= {task.output_path for task in result.tasks if task.id in done}
        paths |= {file.path for job in succeeded for file in job.files}
    return paths | set(map(path_beside, paths))


def _comment(
    results: Sequence[WorkflowResult],
    settings: Settings,
    token: str,
    event: Event,
    links: Links,
) -> None:
    bundle = settings.ca_bundle
    with closing(connection.connect(token, event.api_url, bundle)) as github:
        number = find_pull_request(github, event)
        if number is None:
            commands.say("There is no open pull request to comment on.")
            return
        marker = Marker(settings.comment_id, event.run_id, event.run_attempt)
        body = reporting.comment(*results, links=links, marker=str(marker), limit=LIMIT)
        commands.set_output("comment-url", post(github, event.repository, number, body))


def _annotate(results: Sequence[WorkflowResult]) -> None:
    for note in reporting.annotations(*results):
        commands.annotate(
            note.level, note.message, title=note.title, path=note.path or "", line=note.line
        )


def _set_outputs(
    results: Sequence[WorkflowResult], settings: Settings, links: Links, artifact: Artifact | None
) -> None:
    for name, value in _outputs(results, settings, links, artifact).items():
        commands.set_output(name, value)


def _outputs(
    results: Sequence[WorkflowResult], settings: Settings, links: Links, artifact: Artifact | None
) -> dict[str, str]:
    judged = [result.verification for result in results if result.verification]
    tests = [test for found in judged for test in found.tests]
    # The measures of several components do not make one.
    found = judged[0] if len(judged) == len(results) == 1 else None
    counts = {
        name: str(sum(test.verdict == name for test in tests))
        for name in ("accepted", "rejected", "disputed")
    }
    rows = [row for each in judged for row in each.requirements]
    return {
        "verdict": verdict(results[0]) if len(results) == 1 else verdict_on(results),
        **counts,
        "requirements": str(sum(len(result.spec.requirements) for result in results)),
        "requirements-proven": str(sum(row.state == "proven" for row in rows)),
        "coverage": _percent(found.coverage.after if found else None),
        "coverage-before": _percent(found.coverage.before if found else None),
        "mutation-score": _percent(found.mutation.after if found else None),
        "promotable": str(all(result.promotable for result in results)).lower(),
        "report-path": settings.output,
        "comment-url": "",
        "delivery-url": links.delivered_url or "",
        "artifact-id": artifact.id if artifact else "",
        "artifact-url": artifact.url if artifact else "",
        "artifact-digest": artifact.digest if artifact else "",
    }


def _percent(measured: float | None) -> str:
    return "" if measured is None else f"{measured:.1f}"


def _attempt(what: str, work: Callable[[], T]) -> T | None:
    """Do what may fail without costing the run its result: a warning says why."""
    try:
        return work()
    except SpecToProductionError as error:
        told = error
    except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the result either
        told = fault_of_ours(error)
    commands.annotate("warning", str(told), title=f"spec-to-production: {what}")
    return None
