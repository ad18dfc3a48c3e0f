"""Results of runs, built by hand: the calculator's, the states a run can end in, a hostile one."""

from __future__ import annotations

from typing import Any

from spec_to_production.results import (
    STAGES,
    Baseline,
    Change,
    Check,
    Component,
    Coverage,
    Criterion,
    Dispute,
    ExistingTest,
    Gate,
    GeneratedFile,
    Job,
    LineRange,
    Module,
    Problem,
    Refactoring,
    RefactoringStep,
    RefusedFile,
    Requirement,
    RequirementTests,
    Spec,
    StageTiming,
    Task,
    TestVerdict,
    Usage,
    Verification,
    WorkflowResult,
)

TEST_FILE = "tests/calculator/test_operations_spec.py"
PATCH = """\
diff --git a/src/calculator/operations.py b/src/calculator/operations.py
--- a/src/calculator/operations.py
+++ b/src/calculator/operations.py
@@ -1,4 +1,3 @@
 \"\"\"Arithmetic on two numbers.\"\"\"
-import os
-from typing import Union
+from __future__ import annotations
"""


def requirement(id_: str, title: str, **changes: Any) -> Requirement:
    values = {
        "id": id_,
        "title": title,
        "text": f"{title} as in mathematics.",
        "priority": "high",
        "criteria": (Criterion(text="`add(2, 3)` is 5", line=31),),
        "lines": LineRange(start=25, end=35),
    }
    return Requirement(**{**values, **changes})


def accepted(name: str, *ids: str, **changes: Any) -> TestVerdict:
    values = {
        "id": f"{TEST_FILE}::{name}",
        "verdict": "accepted",
        "requirements": ids,
        "runs": 66,
        "duration_ms": 1.4,
        "new_lines": ("src/calculator/operations.py:12",),
        "mutants_killed": ("operations.py:12 + → -", "operations.py:12 return None"),
        "line": 7,
        "code": f'@pytest.mark.requirement("{" ".join(ids)}")\ndef {name}():\n'
        "    assert add(2, 3) == 5\n",
    }
    return TestVerdict(**{**values, **changes})


def rejected(name: str, reason: str, detail: str = "", **changes: Any) -> TestVerdict:
    values = {
        "id": f"{TEST_FILE}::{name}",
        "verdict": "rejected",
        "reason": reason,
        "detail": detail,
        "requirements": ("FR-1",),
        "runs": 9,
        "code": f"def {name}():\n    add(2, 3)\n",
    }
    return TestVerdict(**{**values, **changes})


def disputed(name: str, id_: str, **changes: Any) -> TestVerdict:
    evidence = {
        "requirement_id": id_,
        "requirement_text": "Dividing by zero raises `CalculatorError`",
        "spec_line": 48,
        "statement": "with pytest.raises(CalculatorError): divide(1, 0)",
        "expected": "CalculatorError",
        "actual": "ZeroDivisionError: division by zero",
        "code_path": "src/calculator/operations.py",
        "code_line": 31,
        "failures": 66,
    }
    return TestVerdict(
        id=f"{TEST_FILE}::{name}",
        verdict="disputed",
        requirements=(id_,),
        runs=66,
        duration_ms=2,
        line=20,
        code=f'@pytest.mark.requirement("{id_}")\ndef {name}():\n'
        "    with pytest.raises(CalculatorError):\n        divide(1, 0)\n",
        dispute=Dispute(**{**evidence, **changes}),
    )


def calculator_spec() -> Spec:
    return Spec(
        path="specs/calculator_operations.md",
        title="Calculator Operations",
        source="# Calculator Operations\n",
        requirements=(
            requirement("FR-1", "Addition"),
            requirement("FR-4", "Division"),
            requirement("FR-6", "Overflow", priority="low"),
            requirement("NFR-1", "Speed", kind="non_functional", priority="medium"),
        ),
    )


def calculator_verification() -> Verification:
    add, negative = "test_add_returns_the_sum", "test_add_of_negative_numbers"
    divide, zero = "test_divide_returns_the_quotient", "test_divide_by_zero_raises_calculator_error"
    tests = (
        accepted(add, "FR-1"),
        accepted(negative, "FR-1", mutants_killed=()),
        accepted(divide, "FR-4"),
        disputed(zero, "FR-4"),
        rejected("test_sum_is_stable", "flaky", "failed in 1 of 9 runs, hash seed 7"),
        rejected("test_add_runs", "vacuous", "passes when `add` returns anything"),
    )
    return Verification(
        tests=tests,
        files=(GeneratedFile(path=TEST_FILE, content="import pytest\n"),),
        coverage=Change(before=61.2, after=88.4),
        mutation=Change(before=42, after=81.3),
        mutants=64,
        requirements=(
            RequirementTests(
                id="FR-1",
                state="proven",
                tests=(tests[0].id, tests[1].id),
                mutants_killed=9,
            ),
            RequirementTests(
                id="FR-4",
                state="disputed",
                tests=(tests[2].id,),
                disputed=(tests[3].id,),
                mutants_killed=7,
            ),
            RequirementTests(id="FR-6", state="untested"),
            RequirementTests(id="NFR-1", state="not_unit_testable"),
        ),
        checks=(
            Check(name="own user", made=True),
            Check(name="no network", made=False, detail="the kernel does not allow it here"),
        ),
        seed=7,
    )


def job(number: int, module: str, *ids: str, **changes: Any) -> Job:
    values = {
        "task_id": f"task-{number}",
        "kind": "test_generation",
        "module": module,
        "requirement_ids": ids,
        "status": "succeeded",
        "conversation_id": f"00000000-0000-4000-8000-00000000000{number}",
        "submitted_ms": 1200.0,
        "ended_ms": 1200.0 + 20_000 * number,
        "usage": Usage(prompt_tokens=12_000, completion_tokens=1_500, cost_usd=0.06),
    }
    return Job(**{**values, **changes})


def timings(**changes: StageTiming | None) -> dict[str, StageTiming | None]:
    def span(start: float, end: float, busy: float | None = None) -> StageTiming:
        return StageTiming(started_ms=start, ended_ms=end, busy_ms=busy or end - start)

    ran = {
        "specification": span(0, 120),
        "baseline": span(150, 9_000),
        "openhands_submission": span(150, 1_400),
        "refactoring": span(150, 21_000),
        "openhands_collection": span(1_400, 61_200),
        "verification": span(21_500, 71_900, 38_000),
        "gates": span(71_900, 72_400),
    }
    return {**dict.fromkeys(STAGES), **ran, **changes}


def make_result(**changes: Any) -> WorkflowResult:
    """The calculator's run, with a test of every verdict; ``changes`` replace fields."""
    module = Module(path="src/calculator/operations.py", name="calculator.operations", lines=60)
    values: dict[str, Any] = {
        "tool_version": "1.0.0",
        "started_at": "2026-01-02T03:04:05Z",
        "execution_mode": "async",
        "target": "staging",
        "base_commit": "0123456789abcdef0123456789abcdef01234567",
        "model": "anthropic/some-model",
        "spec": calculator_spec(),
        "component": Component(
            name="calculator",
            path="src/calculator",
            import_root="src",
            modules=(module,),
            tests_dir="tests/calculator",
        ),
        "baseline": Baseline(
            status="passed",
            tests=(
                ExistingTest(id="tests/test_ops.py::test_add", outcome="passed", duration_ms=1),
            ),
            coverage=Coverage(percent=61.2),
            duration_ms=8_850,
        ),
        "tasks": (make_task(1), make_task(2)),
        "jobs": (
            job(1, "calculator.operations", "FR-1", "FR-4"),
            job(2, "calculator.session", "FR-6", status="timed_out", cause="deadline"),
        ),
        "verification": calculator_verification(),
        "refactoring": Refactoring(
            status="kept",
            steps=(
                RefactoringStep(name="unused imports", status="kept"),
                RefactoringStep(
                    name="simplify", status="dropped", detail="a default value would change"
                ),
            ),
            patch=PATCH,
        ),
        "gates": (
            Gate(name="test_coverage", status="passed", actual=88.4, threshold=75),
            Gate(name="requirements", status="failed", actual=33.3, threshold=95),
        ),
        "problems": (
            Problem(
                stage="openhands_collection",
                message="Job 2 (calculator.session) did not end within 300 s and was stopped.",
                hint="Raise job-timeout, or lower the number of requirements in the spec.",
            ),
        ),
        "stage_timings": timings(),
        "wall_ms": 72_400.0,
    }
    return WorkflowResult(**{**values, **changes})


def make_task(number: int, **changes: Any) -> Task:
    values = {
        "id": f"task-{number}",
        "kind": "test_generation",
        "module": "calculator.operations",
        "requirement_ids": ("FR-1", "FR-4"),
        "prompt": "Write tests.",
        "output_path": TEST_FILE,
        "priority": number,
        "content_key": "key",
    }
    return Task(**{**values, **changes})


def _no_verification(**changes: Any) -> WorkflowResult:
    return make_result(verification=None, refactoring=None, gates=(), **changes)


def _judged(*tests: TestVerdict) -> Verification:
    return Verification(tests=tests, coverage=Change(before=61, after=61))


def states() -> dict[str, WorkflowResult]:
    """The ways in which a run can end, by name."""
    failed = job(1, "calculator", "FR-1", status="failed", cause="auth", message="401: no such key")
    never = dict.fromkeys(STAGES)
    return {
        "usual": make_result(),
        "recorded model": make_result(model_is_recorded=True),
        "nothing generated": make_result(
            verification=Verification(), jobs=(failed,), refactoring=None, gates=(), problems=()
        ),
        "all rejected": make_result(
            verification=_judged(rejected("test_a", "fails", "1 != 2"), rejected("test_b", "flaky"))
        ),
        "disputes only": make_result(verification=_judged(disputed("test_zero", "FR-4"))),
        "accepted only": make_result(
            verification=_judged(accepted("test_add", "FR-1")),
            jobs=(job(1, "calculator", "FR-1"),),
            gates=(),
            problems=(),
        ),
        "interrupted": _no_verification(interrupted_by=15, jobs=(), stage_timings=never),
        "no baseline": make_result(baseline=None),
        "red baseline": make_result(baseline=Baseline(status="failed", detail="2 of 12 failed")),
        "no verification": _no_verification(),
        "fallback to sync": make_result(execution_mode="sync", fallback="no more threads"),
        "nothing at all": _no_verification(
            jobs=(), tasks=(), problems=(), baseline=None, stage_timings=never, model=None
        ),
    }


HOSTILE = (
    "@octocat #1 GH-2 0123456789abcdef0123456789abcdef01234567 https://evil.example/x "
    "www.evil.example a@evil.example [link](https://evil.example) ![img](https://evil.example/i) "
    "<script>alert(1)</script> </details> <img src=x onerror=alert(1)> | cell | `tick` ``` ~~~ "
    "**bold** _em_ $math$ :tada: [^1] <!-- comment --> --> \u202e\u2066bidi\u2069 \x00\x1b[31m "
    "&lt;b&gt; \\| \\ ::error::x ##[group] \r\n# heading\n- item\n> quote\n[^1]: note\n"
    "```\nfence\n```\n````\n</details>\n<!doctype html>\n%% mermaid ; click x call y() : z\n"
)


def hostile(tests: int = 9, code_bytes: int = 0, bad: str = HOSTILE) -> WorkflowResult:
    """Hostile text in every field that comes from outside, and about so much code of tests."""
    code = bad * max(1, code_bytes // tests // max(1, len(bad)))
    verdicts = [
        accepted(f"test_{n}", bad, code=code, new_lines=(bad,), mutants_killed=(bad,))
        if n % 3 == 0
        else rejected(f"test_{n}", "flaky", bad, id=f"{bad}::{bad}{n}", code=code)
        if n % 3 == 1
        else disputed(
            f"test_{n}[{bad}]",
            f"{bad}{n}",
            requirement_text=bad,
            statement=bad,
            expected=bad,
            actual=bad,
            code_path=bad,
        ).model_copy(update={"code": code})
        for n in range(tests)
    ]
    return make_result(
        tool_version=bad,
        model=bad,
        fallback=bad,
        base_commit=bad,
        spec=Spec(
            path=bad,
            title=bad,
            source=bad,
            requirements=tuple(requirement(f"{bad}{n}", bad, text=bad) for n in range(20)),
        ),
        component=make_result().component.model_copy(update={"name": bad, "path": bad}),
        baseline=Baseline(status="failed", detail=bad),
        jobs=tuple(
            job(
                n,
                bad,
                bad,
                status="failed",
                cause="unknown",
                message=bad,
                conversation_id=bad,
                refused=(RefusedFile(path=bad, reason=bad),),
            )
            for n in range(1, 6)
        ),
        verification=Verification(
            tests=tuple(verdicts), checks=(Check(name=bad, made=False, detail=bad),)
        ),
        refactoring=Refactoring(
            status="kept",
            detail=bad,
            steps=(RefactoringStep(name=bad, status="kept", detail=bad),),
            patch=bad,
        ),
        gates=(Gate(name=bad, status="error", detail=bad),),
        problems=(Problem(stage=None, message=bad, hint=bad),),
    )
