"""The words of the product as frozen values, from the spec to the result of a run.

Every report is a pure function of :class:`WorkflowResult`. What was not measured is ``None``.
Times called ``*_ms`` inside a run are milliseconds since the run's start, durations are
milliseconds; paths are relative to the repository's root, with forward slashes.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, computed_field, field_validator


class Value(BaseModel):
    r"""A frozen, serialisable value; unknown fields are an error, and so are NaN and infinity.

    A file's name or a test's message may hold what no encoding can carry (lone surrogates). It is
    kept as Python writes it, ``\udcff``, so that every value can be written to a file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _writable(cls, value: object) -> object:
        if isinstance(value, tuple):
            return tuple(map(_encodable, value))
        return _encodable(value)


def _encodable(value: object) -> object:
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


FlakeBound = Annotated[float, Field(ge=0.001, lt=1)]
"""The smallest failure rate that is caught; a tenth of a percent takes 6905 runs."""


# --- the spec ------------------------------------------------------------------------------

Priority = Literal["high", "medium", "low"]


class LineRange(Value):
    """Lines of a file, both ends included, counted from 1."""

    start: int
    end: int


class Criterion(Value):
    """One acceptance criterion or scenario, and the line where it stands."""

    text: str
    line: int


class Requirement(Value):
    """A requirement of the spec: what a test must name to count for it."""

    id: str
    kind: Literal["functional", "non_functional"] = "functional"
    title: str
    text: str
    priority: Priority = "medium"
    criteria: tuple[Criterion, ...] = ()
    lines: LineRange


class Spec(Value):
    """A parsed spec. ``source`` is the file's whole text."""

    path: str
    title: str
    source: str
    overview: str = ""
    api: str = ""
    component_name: str | None = None
    target_stage: str | None = None
    version: str | None = None
    date: str | None = None
    requirements: tuple[Requirement, ...]
    scenarios: tuple[Criterion, ...] = ()
    unclaimed: tuple[Criterion, ...] = ()
    """Sentences with MUST or SHALL that stand outside of every requirement."""
    target_coverage: float | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sha256(self) -> str:
        """The hash of the text that was read."""
        return hashlib.sha256(self.source.encode()).hexdigest()


# --- the component -------------------------------------------------------------------------


class Module(Value):
    """A source file worth testing, with its dotted import name and its length in lines."""

    path: str
    name: str
    lines: int


class Component(Value):
    """The source files under test and where their tests live.

    ``import_root`` is the directory that must be on ``sys.path`` (``src``, ``.``, …);
    ``tests_dir`` is where new tests for the component belong; ``pytest_options`` are those of the
    project's that tests need to be imported.
    """

    name: str
    path: str
    import_root: str
    modules: tuple[Module, ...]
    test_files: tuple[str, ...] = ()
    tests_dir: str
    pytest_options: tuple[str, ...] = ()


class FileCoverage(Value):
    """Executable lines of one file, by whether a test ran them."""

    path: str
    covered: tuple[int, ...]
    missing: tuple[int, ...]


class Coverage(Value):
    """Line coverage of the component; ``percent`` is 0 to 100."""

    percent: float
    files: tuple[FileCoverage, ...] = ()

    def missing_in(self, path: str) -> tuple[int, ...]:
        """The uncovered lines of one file; empty when the file is unknown."""
        return next((file.missing for file in self.files if file.path == path), ())


class ExistingTest(Value):
    """One test of the suite that was there before, as it ran on the base."""

    id: str
    outcome: Literal["passed", "failed", "skipped", "error"]
    duration_ms: float


SuiteStatus = Literal["passed", "failed", "no_tests", "error"]


class Suite(Value):
    """One run of pytest. ``error`` means that it could not be run, ``detail`` says why."""

    status: SuiteStatus
    tests: tuple[ExistingTest, ...] = ()
    coverage: Coverage | None = None
    duration_ms: float | None = None
    detail: str = ""


class Baseline(Suite):
    """The component's own suite on the untouched base. A red or missing suite is a state."""


# --- jobs ----------------------------------------------------------------------------------

TaskKind = Literal["test_generation", "refactoring"]
JobStatus = Literal["succeeded", "failed", "timed_out", "cancelled", "skipped"]
FailureCause = Literal[
    "auth",
    "quota",
    "rate_limit",
    "configuration",
    "transient",
    "stuck",
    "max_iterations",
    "no_work",
    "server_lost",
    "deadline",
    "budget",
    "interrupted",
    "refused_files",
    "unknown",
]


class Task(Value):
    """One OpenHands job to be: what to ask, about which module, for which requirements.

    ``output_path`` is the one file that the job may create; ``content_key`` changes whenever
    anything that could change the answer does.
    """

    id: str
    kind: TaskKind
    module: str
    requirement_ids: tuple[str, ...]
    prompt: str
    output_path: str
    priority: int
    content_key: str


class Usage(Value):
    """Tokens and money spent; ``cost_usd`` is ``None`` when the model's price is unknown."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        known = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=sum(known) if known else None,
        )


class GeneratedFile(Value):
    """A file that an agent wrote, as text."""

    path: str
    content: str


class RefusedFile(Value):
    """Something that came back and was not let in, and why."""

    path: str
    reason: str


class Job(Value):
    """What became of one task. ``files`` is empty unless ``status`` is ``succeeded``,
    save for what a stopped job had finished by then.
    """

    task_id: str
    kind: TaskKind
    module: str
    requirement_ids: tuple[str, ...]
    status: JobStatus
    cause: FailureCause | None = None
    message: str = ""
    conversation_id: str | None = None
    submitted_ms: float | None = None
    ended_ms: float | None = None
    answered_ms: float | None = None
    """When its first answer was collected. ``None`` for one that an earlier run had begun, too."""
    files: tuple[GeneratedFile, ...] = ()
    refused: tuple[RefusedFile, ...] = ()
    usage: Usage = Usage()
    from_cache: bool = False
    """The files are an earlier run's answer to the same task, judged anew."""
    attempts: int = 0
    """How often it was sent again after a failure that may pass."""
    nudges: int = 0
    repairs: int = 0
    trajectory: str | None = None
    """The file beside the reports that has every step of the agent, an event a line."""


# --- verification --------------------------------------------------------------------------

VerdictName = Literal["accepted", "rejected", "disputed"]
Reason = Literal[
    "syntax_error",
    "import_error",
    "setup_error",
    "not_collected",
    "skipped",
    "hidden_failure",
    "shadows",
    "fails",
    "flaky",
    "order_dependent",
    "vacuous",
    "redundant",
    "timeout",
    "resource_limit",
    "unsafe",
    "out_of_scope",
]


class Dispute(Value):
    """Where spec and code disagree, with the evidence."""

    requirement_id: str
    requirement_text: str
    spec_line: int
    statement: str
    """What failed, as the test says it: the assertion or the expected exception."""
    expected: str | None = None
    actual: str | None = None
    code_path: str | None = None
    code_line: int | None = None
    code_returned: bool = False
    """The component raised nothing; the line is where it returned from, before the test failed."""
    failures: int
    """Runs in which it failed the same way; equal to the test's ``runs``."""


class TestVerdict(Value):
    """The verdict on one test function or parametrised case, with what shows it."""

    __test__ = False  # pytest would take the name for a test class

    id: str
    verdict: VerdictName
    reason: Reason | None = None
    detail: str = ""
    requirements: tuple[str, ...] = ()
    runs: int = 0
    duration_ms: float | None = None
    new_lines: tuple[str, ...] = ()
    """``path:line`` of component lines that it runs and no existing test does."""
    mutants_killed: tuple[str, ...] = ()
    code: str = ""
    line: int | None = None
    dispute: Dispute | None = None


class Change(Value):
    """A measure before and after the accepted tests, in percent; ``None`` is not measured."""

    before: float | None = None
    after: float | None = None


RequirementState = Literal["proven", "disputed", "untested", "not_unit_testable"]


class RequirementTests(Value):
    """One row of the ledger: the requirement and the tests that stand for it."""

    id: str
    state: RequirementState
    tests: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    mutants_killed: int = 0


class Check(Value):
    """A check that verification knows, and whether it could be made here."""

    name: str
    made: bool
    detail: str = ""


class EffortRecord(Value):
    """How much verification did (:class:`.verification.Effort`), for a replay."""

    flake_bound: FlakeBound
    test_timeout: float = Field(gt=0)
    seed: int
    began: float
    workers: int = Field(ge=1)
    mutants: int = Field(ge=0)


class Verification(Value):
    """Everything that verification found out.

    ``files`` are the accepted tests, each file running by itself. ``seed``, ``effort`` and the
    paths of ``spec`` and ``component`` are what a replay needs to reproduce every verdict.
    """

    tests: tuple[TestVerdict, ...] = ()
    files: tuple[GeneratedFile, ...] = ()
    coverage: Change = Change()
    mutation: Change = Change()
    mutants: int | None = None
    requirements: tuple[RequirementTests, ...] = ()
    checks: tuple[Check, ...] = ()
    timings: dict[str, float] = Field(default_factory=dict)
    seed: int = 0
    effort: EffortRecord | None = None
    spec: str = ""
    component: str = ""
    candidates: tuple[GeneratedFile, ...] = ()
    """The files that were judged, as they came in."""

    def having(self, verdict: VerdictName) -> tuple[TestVerdict, ...]:
        """The tests with one verdict, in their order."""
        return tuple(test for test in self.tests if test.verdict == verdict)


# --- refactoring, gates --------------------------------------------------------------------


class RefactoringStep(Value):
    """One kind of change, tried on its own: kept only when behaviour stayed."""

    name: str
    status: Literal["kept", "dropped", "nothing_to_do", "failed"]
    detail: str = ""
    files: tuple[str, ...] = ()


class Refactoring(Value):
    """What refactoring changed and how that was shown to be safe. ``patch`` is a git diff."""

    status: Literal["kept", "dropped", "nothing_to_do", "skipped", "failed"]
    detail: str = ""
    steps: tuple[RefactoringStep, ...] = ()
    patch: str = ""


class Gate(Value):
    """A quality gate. One that could not run is ``error``, never ``passed``.

    Attributes:
        unit: Of ``actual`` and ``threshold``. A percentage has to reach the threshold; of what
            is counted there may be no more.
    """

    name: str
    status: Literal["passed", "failed", "error", "skipped"]
    detail: str = ""
    actual: float | None = None
    threshold: float | None = None
    unit: Literal["percent", "count"] = "percent"


# --- the run -------------------------------------------------------------------------------

StageName = Literal[
    "specification",
    "baseline",
    "openhands_submission",
    "refactoring",
    "openhands_collection",
    "verification",
    "gates",
    "delivery",
]
STAGES: tuple[StageName, ...] = get_args(StageName)
ExecutionMode = Literal["sync", "async"]
Target = Literal["dev", "staging", "production"]


class StageTiming(Value):
    """When a stage began and ended. ``busy_ms`` is less than the span where it had to wait."""

    started_ms: float
    ended_ms: float
    busy_ms: float


class Problem(Value):
    """Something that went wrong without ending the run, and what to do about it."""

    stage: StageName | None
    message: str
    hint: str = ""
    level: Literal["error", "note"] = "error"
    """A note is for the reader to know; nothing is missing because of it."""


class WorkflowResult(Value):
    """All that a run found, measured and produced; every report is a function of it."""

    schema_version: Literal[1] = 1
    tool_version: str
    started_at: str
    """ISO 8601, UTC."""
    execution_mode: ExecutionMode
    fallback: str | None = None
    """Why an asynchronous run went on synchronously; ``None`` when it did not."""
    interrupted_by: int | None = None
    """The signal that ended the run early."""
    target: Target
    base_commit: str | None = None
    model: str | None = None
    model_is_recorded: bool = False
    """The answers came from a script, not from a model: nothing here measures a model."""
    spec: Spec
    component: Component
    baseline: Baseline | None = None
    tasks: tuple[Task, ...] = ()
    jobs: tuple[Job, ...] = ()
    verification: Verification | None = None
    refactoring: Refactoring | None = None
    measured_at: str | None = None
    """When the earlier run began that measured baseline, verification, refactoring and gates, on
    the same content; in this one the tests ran once more. ``None`` when all is of this run.
    """
    gates: tuple[Gate, ...] = ()
    problems: tuple[Problem, ...] = ()
    stage_timings: dict[StageName, StageTiming | None]
    """Every stage, also on failure; ``None`` for one that did not run."""
    wall_ms: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def interrupted(self) -> bool:
        """Whether the run was ended early, by Ctrl-C or SIGTERM."""
        return self.interrupted_by is not None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that are more than a note."""
        return tuple(problem for problem in self.problems if problem.level == "error")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def openhands_submission_time_ms(self) -> float | None:
        """How long submitting took, as the stage measured it."""
        return self._busy("openhands_submission")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def openhands_collection_time_ms(self) -> float | None:
        """How long polling and collecting took, as the stage measured it."""
        return self._busy("openhands_collection")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def parallel_execution_savings_ms(self) -> float:
        """The sum of the stages' times minus the wall time: what overlapping saved."""
        stages = [timing.busy_ms for timing in self.stage_timings.values() if timing]
        return round(sum(stages) - self.wall_ms, 3)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def usage(self) -> Usage:
        """Tokens and cost of all jobs together."""
        return sum((job.usage for job in self.jobs), Usage())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def usage_by_kind(self) -> dict[TaskKind, Usage]:
        """Tokens and cost by what they were used for."""
        kinds = dict.fromkeys(job.kind for job in self.jobs)
        return {
            kind: sum((job.usage for job in self.jobs if job.kind == kind), Usage())
            for kind in kinds
        }

    @computed_field  # type: ignore[prop-decorator]
    @property
    def promotable(self) -> bool:
        """Whether every gate of the target passed, and at least one was asked."""
        asked = [gate for gate in self.gates if gate.status != "skipped"]
        return bool(asked) and all(gate.status == "passed" for gate in asked)

    def _busy(self, stage: StageName) -> float | None:
        timing = self.stage_timings.get(stage)
        return timing.busy_ms if timing else None
