"""The GitHub Action's front: inputs and event in; comment, summary, outputs, artifact out."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import stamina

from spec_to_production import engine, reporting
from spec_to_production.delivery import write_reports
from spec_to_production.errors import InputError, SettingsError, SpecToProductionError
from spec_to_production.github import commands, connection
from spec_to_production.github.comment import changed_files
from spec_to_production.github.event import Event, read_event
from spec_to_production.github.folders import close_to_others
from spec_to_production.github.log import Log
from spec_to_production.github.trust import (
    AFTER_ANOTHER,
    PRIVILEGED,
    author_association,
    require_own_code,
    require_trust,
)
from spec_to_production.interrupts import Interrupted, noted, raised
from spec_to_production.pairs import AUTO, pairs, settings_of, touched
from spec_to_production.publication import as_text, links_for, publish, relay, tell_runner
from spec_to_production.results import WorkflowResult
from spec_to_production.series import Engine, Front, code_of_error, code_of_signal, run_each
from spec_to_production.settings import Settings, from_action, to_report
from spec_to_production.snapshot import find_head, find_root, links_on_the_way


def main(env: Mapping[str, str] = os.environ, run: Engine = engine.run) -> int:
    """Run the action; returns its exit code.

    0, or 1 for what ``fail-on`` names, 2 for bad input, 130 and 143 for an interrupted run.
    """
    stamina.instrumentation.set_on_retry_hooks([])  # else it prints every retry into the log
    try:
        return _act(env, run)
    except SpecToProductionError as error:
        _tell(error)
        return code_of_error(error)
    except Interrupted as interrupt:  # after the run, while its result was on its way
        return code_of_signal(interrupt.signum)
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
        return _report(env)
    root = Path(env.get("GITHUB_WORKSPACE") or Path.cwd())
    settings = from_action(env, root)
    for secret in engine.secrets(settings, env):
        commands.mask(secret)
    close_to_others(env)
    event = read_event(env)
    # A bundle that holds no certificate is told before anything is spent.
    connection.certificates(settings.ca_bundle)
    if settings.dry_run:
        for each in _each(settings, event, root):
            commands.say(as_text(engine.show_plan(each, root, env)))
        return 0
    output = _output_folder(root, settings.output)
    settings = _within_its_rights(settings, event)
    if event.name in PRIVILEGED:
        _require_trust(settings, event, root)
    if event.name == AFTER_ANOTHER:
        require_own_code(event, find_head(find_root(root)))

    front = Front(display=Log, finish=partial(_finish, root=root, event=event), tell=_tell)
    every = _each(settings, event, root)
    with noted() as came:
        try:
            outcome = run_each(every, root, env, front, came, run)
        finally:
            _hand_over(settings, root)
        if not outcome.results:
            return outcome.exit_code
        # Who cancels sends Ctrl-C, then SIGTERM, and kills at last: then there is time for no more.
        if signal.SIGTERM in came:
            outcome = replace(outcome, interrupted_by=signal.SIGTERM)
        if outcome.interrupted_by is not None:
            tell_runner(outcome.results, settings, links_for(outcome.results[-1], event))
            return outcome.exit_code
        with raised([signal.SIGTERM]):
            publish(outcome.results, output, settings, env, event, complete=outcome.is_complete)
    return outcome.exit_code


def _report(env: Mapping[str, str]) -> int:
    settings = to_report(env)
    for secret in settings.secrets:
        commands.mask(secret)
    return relay(settings, read_event(env))


def _finish(settings: Settings, result: WorkflowResult, root: Path, event: Event) -> int:
    """Write the reports; returns the run's exit code."""
    write_reports(root / settings.output, reporting.files(result, links_for(result, event)))
    return engine.exit_code(result, settings.fail_on)


def _tell(error: SpecToProductionError) -> None:
    bad_input = isinstance(error, InputError)
    title = "spec-to-production: input" if bad_input else "spec-to-production"
    commands.annotate("error", str(error), title=title)


def _each(settings: Settings, event: Event, root: Path) -> tuple[Settings, ...]:
    """The settings for each pair of spec and component; several get a folder each."""
    given = pairs(settings.spec, settings.component, settings.pairs or {}, root)
    if settings.spec.strip() == AUTO and event.pull_request and settings.github_token:
        token = settings.github_token.get_secret_value()
        with closing(connection.connect(token, event.api_url, settings.ca_bundle)) as github:
            changed = changed_files(github, event.repository, event.pull_request)
        given = given if changed is None else touched(given, changed, root)
        if not given:
            commands.say("The pull request touches none of the pairs: there is nothing to do.")
    found = settings_of(given, settings)
    for each in found:
        _refuse_links(each, root)
    return found


def _require_trust(settings: Settings, event: Event, root: Path) -> None:
    if settings.github_token is None:
        raise SettingsError(
            f"github-token: not given, and a run by {event.name} has to ask who its author is."
        )
    token = settings.github_token.get_secret_value()
    with closing(connection.connect(token, event.api_url, settings.ca_bundle)) as github:
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
    if link := next(_links(root, folder), None):
        raise SettingsError(f"output: {link} is a symbolic link; it is not followed.", hint=hint)
    return folder


def _refuse_links(settings: Settings, root: Path) -> None:
    """What root reads must be a file of the checkout, and not what a link in it leads to."""
    given = (
        ("spec", settings.spec, "*"),
        ("tests", settings.tests, "*.py"),
        ("cache-dir", settings.cache_dir, "*"),
    )
    for name, path, files in given:
        if path and (link := next(_links(root, root / path, files), None)):
            raise SettingsError(f"{name}: {link} is a symbolic link; it is not followed.")


def _links(root: Path, path: Path, files: str = "*") -> Iterator[Path]:
    """The symbolic links that a path in the checkout lies behind, is itself, or has below it."""
    if not path.is_relative_to(root):
        return
    below = (each for each in path.rglob(files) if each.is_symlink())
    for link in (*links_on_the_way(root, path), *below):
        yield link.relative_to(root)


def _hand_over(settings: Settings, root: Path) -> None:
    """Give what root wrote to the workspace's owner, whose later steps store it and clean it up."""
    owner = root.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for folder in _written(settings, root.resolve()):
        above = [path for path in folder.parents if root.resolve() in path.parents]
        for path in (*above, folder, *folder.rglob("*")):
            if path.lstat().st_uid == 0:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _written(settings: Settings, root: Path) -> Iterator[Path]:
    """The folders in the workspace that a run has left its reports and answers in."""
    for name in filter(None, (settings.output, settings.cache_dir)):
        folder = (root / name).resolve()
        if folder.is_dir() and root in folder.parents:
            yield folder
