"""All settings: one frozen model for action inputs, command-line options and configuration keys.

Precedence: command line or action input, then ``[tool.spec-to-production]`` in
``pyproject.toml``, then the default. The names are the same everywhere (kebab-case).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

import httpx
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from spec_to_production.errors import SettingsError
from spec_to_production.results import FlakeBound, Target

TABLE = "spec-to-production"

CLOUD = "cloud"
"""Stands in ``openhands-url`` for a sandbox of OpenHands Cloud."""

_PORTS = range(1, 1 << 16)

_YEAR_S = 365 * 24 * 60 * 60
"""Nobody waits longer, and no clock of the system takes a time without an end."""

Front = Literal["action", "command", "file"]
FailOn = Literal["gates", "disputes", "errors", "never"]


def _words(value: object) -> object:
    """Split a list given as text: items are separated by white space or new lines."""
    return tuple(value.split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


def is_address(text: str) -> bool:
    """Whether it is one of an HTTP server, written in full."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    has_port = url.port is None or url.port in _PORTS
    return url.scheme in {"http", "https"} and bool(url.host) and has_port


def _addresses(value: str) -> str:
    """Check that each of several is an address, or the word for the Cloud."""
    for item in _items(value):
        if not (is_address(item) or item == CLOUD):
            raise PydanticCustomError(
                "address", "not an address like http://host:8000: {item}", {"item": repr(item)}
            )
    return value


Addresses = Annotated[str, AfterValidator(_addresses)]


def _setting(
    default: Any,  # noqa: ANN401
    description: str,
    *,
    fronts: tuple[Front, ...] = ("action", "command", "file"),
    commands: tuple[str, ...] = ("run",),
    **constraints: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    return Field(
        default,
        description=description,
        json_schema_extra={"fronts": list(fronts), "commands": list(commands)},
        **constraints,
    )


# A pull request may change pyproject.toml. What decides where a secret is sent, which program is
# started, or how strictly the run judges, is therefore never read from there.
_NOT_FROM_FILE: tuple[Front, ...] = ("action", "command")
_BOTH = ("run", "verify")

_PATHS = ("spec", "component", "tests", "output")

_TO_REPORT = ("mode", "github-token", "comment-id", "ca-bundle")


class Settings(BaseModel):
    """What the user asked for."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.rstrip("_").replace("_", "-"),
        populate_by_name=True,
    )

    mode: Literal["run", "verify", "report"] = _setting(
        "run",
        "run: generate, verify and report; verify: only judge the tests that are there; "
        "report: only post the comment for the run that set off the workflow_run event.",
        fronts=("action",),
        commands=(),
    )
    spec: str = _setting(
        ...,
        "Path of the spec, a Markdown file. Several paths or globs, one per line, may be given; "
        "auto takes the pairs in pyproject.toml, on a pull request those that it touches.",
        commands=_BOTH,
    )
    component: str = _setting(
        ...,
        "Component under test: a path (src/calculator) or a dotted name (calculator). "
        "Several or globs, one per line, or auto, as for spec.",
        commands=_BOTH,
    )
    pairs: dict[str, str] | None = _setting(
        None,
        "The pairs for auto, as a table: spec path = component path.",
        fronts=("file",),
        commands=(),
    )
    tests: str | None = _setting(
        None,
        "For verify: the test file or folder to judge.",
        commands=("verify",),
    )
    replay: str | None = _setting(
        None,
        "For verify: judge again what this file of verdicts judged, and say what differs.",
        fronts=("command",),
        commands=("verify",),
    )
    target: Target = _setting(
        "dev",
        "Stage whose thresholds the gates use: dev, staging or production.",
        fronts=_NOT_FROM_FILE,
        commands=_BOTH,
    )
    output: str = _setting("out", "Folder for reports, tests and the patch.", commands=_BOTH)
    async_: bool = _setting(
        False,  # noqa: FBT003
        "Run jobs, refactoring and baseline side by side (the action's default) "
        "or one after another (the command line's default).",
    )
    enable_openhands: bool = _setting(
        True,  # noqa: FBT003
        "Let OpenHands write tests.",
        fronts=_NOT_FROM_FILE,
    )
    enable_refactoring: bool = _setting(
        True,  # noqa: FBT003
        "Refactor the component.",
        fronts=_NOT_FROM_FILE,
    )
    llm_model: str | None = _setting(
        None,
        "Model, as LiteLLM names it (anthropic/claude-sonnet-4-5, openai/gpt-5, …). Give several, "
        "separated by commas, to fall back on the next when one is out of quota.",
        fronts=_NOT_FROM_FILE,
    )
    llm_api_key: SecretStr | None = _setting(
        None, "Key for the model; give it as a secret.", fronts=_NOT_FROM_FILE
    )
    llm_base_url: str | None = _setting(
        None, "Address of an OpenAI-compatible model server.", fronts=_NOT_FROM_FILE
    )
    max_parallel_jobs: int = _setting(4, "How many OpenHands jobs may run at once.", ge=1, le=64)
    max_iterations: int = _setting(60, "How many steps the agent may take in one job.", ge=1)
    job_timeout: float = _setting(
        300,
        "Seconds that one job may take from its submission; a repair may take as long again.",
        gt=0,
        le=_YEAR_S,
    )
    poll_interval: float = _setting(
        2,
        "Longest pause between two checks on the jobs, in seconds; new jobs are checked more "
        "often.",
        gt=0,
        le=_YEAR_S,
    )
    repair_rounds: int = _setting(
        1, "How often rejected tests go back to their job with the reason.", ge=0, le=5
    )
    max_cost_usd: float | None = _setting(
        None,
        "Limit on the model's cost in one run, in US dollars. When it is reached, jobs are "
        "stopped, and what they have written by then is still judged and reported.",
        gt=0,
        allow_inf_nan=False,
    )
    max_tokens: int | None = _setting(
        None,
        "Limit on the model's tokens in one run, prompts and answers; it works like max-cost-usd.",
        ge=1,
    )
    total_timeout: float | None = _setting(
        None,
        "Limit on the time of all jobs together, in seconds; it works like max-cost-usd.",
        gt=0,
        le=_YEAR_S,
    )
    cache_dir: str | None = _setting(
        None,
        "Folder to keep between runs: where nothing has changed, answers come from it and no job "
        "is started.",
        fronts=_NOT_FROM_FILE,
    )
    resume: bool = _setting(
        True,  # noqa: FBT003
        "Resume a killed run from what is in cache-dir: its conversations on your servers, and "
        "its answers.",
        fronts=_NOT_FROM_FILE,
    )
    openhands_url: Addresses | None = _setting(
        None,
        "Agent servers of your own, instead of one that is started here: their addresses, "
        "separated by commas. Or cloud: a sandbox of OpenHands Cloud.",
        fronts=_NOT_FROM_FILE,
    )
    openhands_api_key: SecretStr | None = _setting(
        None,
        "The session key of these servers, or an API key of OpenHands Cloud; give it as a secret.",
        fronts=_NOT_FROM_FILE,
    )
    python: str | None = _setting(
        None,
        "Python that runs the tests; it needs pytest and coverage. Default: the tool's own.",
        fronts=_NOT_FROM_FILE,
        commands=_BOTH,
    )
    requirements: Words = _setting(
        (),
        "What the component needs, for pip: requirement files or packages, separated by spaces.",
        fronts=_NOT_FROM_FILE,
        commands=_BOTH,
    )
    flake_bound: FlakeBound = _setting(
        0.1,
        "A flaky test that fails at least this often is caught with a probability of 99.9 %. "
        "Smaller values mean more runs.",
        fronts=_NOT_FROM_FILE,
        commands=_BOTH,
    )
    test_timeout: float = _setting(
        10,
        "Seconds that one test may take before it is stopped.",
        fronts=_NOT_FROM_FILE,
        commands=_BOTH,
        gt=0,
        le=_YEAR_S,
    )
    coverage_threshold: float | None = _setting(
        None,
        "Coverage gate in percent, instead of the target's.",
        fronts=_NOT_FROM_FILE,
        commands=_BOTH,
        ge=0,
        le=100,
    )
    fail_on: FailOn = _setting(
        "errors",
        "What makes the exit code 1: gates (one did not pass), disputes, "
        "errors (something could not be done), never.",
        fronts=_NOT_FROM_FILE,
        commands=_BOTH,
    )
    github_token: SecretStr | None = _setting(
        None, "Token for the pull-request comment.", fronts=("action",), commands=()
    )
    comment: bool = _setting(
        True,  # noqa: FBT003
        "Post the pull-request comment.",
        fronts=("action",),
        commands=(),
    )
    comment_id: str = _setting(
        "default",
        "Tells several comments on one pull request apart (monorepos, matrices).",
        fronts=("action",),
        commands=(),
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
    )
    retention_days: int | None = _setting(
        None,
        "Days to keep the artifact, if less than the repository's setting.",
        fronts=("action",),
        commands=(),
        ge=1,
    )
    ca_bundle: str | None = _setting(
        None,
        "File with the certificate authority of a GitHub server of your own, in PEM form.",
        fronts=("action",),
        commands=(),
    )
    deliver: Literal["comment", "commit", "pull-request"] = _setting(
        "comment",
        "comment: nothing is pushed; commit: accepted tests are committed to the branch; "
        "pull-request: they are proposed in a pull request of their own.",
        fronts=("action",),
        commands=(),
    )
    deliver_disputes: bool = _setting(
        False,  # noqa: FBT003
        "Deliver disputed tests as well, marked xfail(strict=True).",
        fronts=("action",),
        commands=(),
    )
    dry_run: bool = _setting(
        False,  # noqa: FBT003
        "Show the plan and stop: nothing is spent.",
        fronts=_NOT_FROM_FILE,
    )

    @property
    def output_folder(self) -> str | None:
        """The folder for reports; ``None`` when nothing or one JSON file is to be written."""
        return None if not self.output or self.output.endswith(".json") else self.output

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that nobody may read."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(each.get_secret_value() for each in values if isinstance(each, SecretStr))

    @property
    def llm_models(self) -> tuple[str, ...]:
        """The models by name, the first choice first."""
        return _items(self.llm_model)

    @property
    def openhands_urls(self) -> tuple[str, ...]:
        """The addresses of the user's agent servers."""
        return _items(self.openhands_url)

    @property
    def model_is_recorded(self) -> bool:
        """Whether the model is the scripted one of the demo, which answers from a recording."""
        return any(name.rpartition("/")[2].startswith("recorded-") for name in self.llm_models)


def _items(text: str | None) -> tuple[str, ...]:
    return tuple(item.strip() for item in (text or "").split(",") if item.strip())


def fields_of(front: Front, command: str | None = None) -> dict[str, FieldInfo]:
    """The settings that one front has, by their public (kebab-case) name."""
    return {
        str(field.alias): field
        for field in Settings.model_fields.values()
        if front in _extra(field)["fronts"]
        and (command is None or command in _extra(field)["commands"])
    }


def from_action(env: Mapping[str, str], root: Path) -> Settings:
    """Read the action's inputs. The runner gives an input that was not set as an empty text."""
    return _build({"async": "true"} | _read_file(root) | _inputs(env))


def to_report(env: Mapping[str, str]) -> Settings:
    """Read those of the action's inputs that the mode ``report`` has; it has no checkout."""
    given = {name: value for name, value in _inputs(env).items() if name in _TO_REPORT}
    return _build({"spec": "", "component": "", **given})


def from_options(options: Mapping[str, Any], root: Path, env: Mapping[str, str]) -> Settings:
    """Read command-line options (``None`` is not given); the model's may come from ``LLM_*``."""
    given = {name: value for name, value in options.items() if value is not None}
    for name in ("llm-model", "llm-api-key", "llm-base-url"):
        if name not in given and env.get(variable := name.upper().replace("-", "_")):
            given[name] = env[variable]
    return _build(_read_file(root) | given)


def _inputs(env: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: env[key]
        for name in fields_of("action")
        if env.get(key := f"INPUT_{name.upper().replace(' ', '_')}")
    }


def _build(given: Mapping[str, Any]) -> Settings:
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problems = [_explain(problem, given) for problem in error.errors()]
        raise SettingsError("\n".join(problems)) from error


def _read_file(root: Path) -> dict[str, Any]:
    path = root / "pyproject.toml"
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"pyproject.toml cannot be read: {error}") from error
    tables = found.get("tool", {})
    table = tables.get(TABLE, {}) if isinstance(tables, dict) else tables
    if not isinstance(table, dict):
        raise SettingsError(f"pyproject.toml: [tool.{TABLE}] is not a table.")
    allowed = fields_of("file")
    for name in table:
        if name not in allowed:
            raise SettingsError(f"pyproject.toml, [tool.{TABLE}]: {_why_not_here(name, allowed)}")
    for name, named in _paths(table):
        if PurePath(named).is_absolute() or ".." in PurePath(named).parts:
            raise SettingsError(
                f"pyproject.toml, [tool.{TABLE}]: {name}: {named} is not inside the repository.",
                hint="Such a path can be an action input or an option of the command line.",
            )
    return dict(table)


def _why_not_here(name: str, allowed: Collection[str]) -> str:
    if name in fields_of("action") or name in fields_of("command"):
        return (
            f"{name!r} is not read from this file, which a pull request may change.\n"
            "Give it as an option of the command line or an input of the action."
        )
    return f"there is no setting {name!r}.\nSettings here: {', '.join(sorted(allowed))}."


def _paths(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The paths that the file names, each with its setting."""
    texts = [(name, table.get(name)) for name in _PATHS]
    if isinstance(pairs := table.get("pairs"), dict):
        texts += [("pairs", path) for pair in pairs.items() for path in pair]
    for name, text in texts:
        if isinstance(text, str):  # the model refuses what is none
            yield from ((name, line.strip()) for line in text.splitlines())


def _explain(problem: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{name}: not given. Give --{name} on the command line or the input {name!r}."
    field = next((f for f in Settings.model_fields.values() if f.alias == name), None)
    secret = field is not None and "SecretStr" in str(field.annotation)
    shown = "" if secret or name not in given else f" (got {given[name]!r})"
    told = f" {field.description}" if field is not None else ""
    return f"{name}: {problem['msg']}{shown}.{told}"


def _extra(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)  # noqa: S101 - every field is made by _setting
    return dict(extra)


def cache_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Where what is expensive to set up is kept between runs."""
    base = env.get("XDG_CACHE_HOME") or Path(env.get("HOME", "/root"), ".cache")
    return Path(base) / TABLE
