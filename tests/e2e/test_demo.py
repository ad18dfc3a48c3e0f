"""``make demo``, run once as a user runs it; what it leaves is looked at from outside."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Demo:
    done: subprocess.CompletedProcess
    out: Path

    @property
    def report(self):
        return json.loads((self.out / "report.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    env = {k: v for k, v in os.environ.items() if not k.startswith("LLM_")}
    done = subprocess.run(
        [sys.executable, "examples/demo.py", f"--output={out}"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return Demo(done, out)


def test_it_ends_well_and_nothing_went_wrong(demo):
    assert demo.done.returncode == 0, demo.done.stderr
    assert demo.report["problems"] == []
    assert {job["status"] for job in demo.report["jobs"]} == {"succeeded"}


def test_it_leaves_everything_that_was_promised(demo):
    assert {path.name for path in demo.out.iterdir()} >= {
        "report.json",
        "report.html",
        "comment.md",
        "tests",
        "changes.patch",
        "junit.xml",
    }


def test_it_shows_an_accepted_a_rejected_and_a_disputed_test(demo):
    verdicts = {test["verdict"] for test in demo.report["verification"]["tests"]}

    assert verdicts == {"accepted", "rejected", "disputed"}


def test_the_one_place_where_code_and_spec_disagree_is_found(demo):
    disputes = [t["dispute"] for t in demo.report["verification"]["tests"] if t["dispute"]]

    assert {dispute["requirement_id"] for dispute in disputes} == {"FR-4"}
    assert disputes[0]["code_path"] == "examples/calculator/operations.py"
    assert "ZeroDivisionError" in disputes[0]["actual"]


def test_every_output_says_that_the_model_was_a_recording(demo):
    for name in ("report.html", "comment.md", "summary.md"):
        assert "record" in (demo.out / name).read_text("utf-8")
    assert demo.report["model_is_recorded"] is True
    assert "record" in demo.done.stdout


def test_refactoring_and_baseline_ran_while_the_jobs_did(demo):
    timings = demo.report["stage_timings"]
    first = timings["openhands_submission"]["started_ms"]
    last = timings["openhands_collection"]["ended_ms"]

    assert demo.report["execution_mode"] == "async"
    for stage in ("baseline", "refactoring"):
        assert first <= timings[stage]["started_ms"] <= timings[stage]["ended_ms"] <= last


def test_the_jobs_ran_side_by_side(demo):
    jobs = demo.report["jobs"]

    assert len(jobs) > 1
    assert max(job["submitted_ms"] for job in jobs) < min(job["ended_ms"] for job in jobs)


def test_every_step_of_each_agent_is_kept(demo):
    for job in demo.report["jobs"]:
        lines = (demo.out / job["trajectory"]).read_text("utf-8").splitlines()
        kinds = [json.loads(line)["kind"] for line in lines]

        assert "ActionEvent" in kinds
        assert job["task_id"].rpartition(".")[2] in lines[kinds.index("MessageEvent")]
        assert f'href="{job["trajectory"]}"' in (demo.out / "report.html").read_text("utf-8")


def test_savings_are_the_stages_times_minus_the_wall_time(demo):
    report = demo.report
    busy = sum(timing["busy_ms"] for timing in report["stage_timings"].values() if timing)

    assert report["parallel_execution_savings_ms"] == pytest.approx(busy - report["wall_ms"], abs=1)
    assert report["openhands_submission_time_ms"] > 0
    assert report["openhands_collection_time_ms"] > 0


def test_the_patch_applies_and_the_accepted_tests_pass(demo, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    working_tree = subprocess.run(
        ["git", "diff", "HEAD", "--", "examples/calculator"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if working_tree:
        subprocess.run(["git", "apply", "-"], cwd=clone, input=working_tree, text=True, check=True)

    subprocess.run(["git", "apply", demo.out / "changes.patch"], cwd=clone, check=True)
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/calculator"],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": "examples"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert tested.returncode == 0, tested.stdout
    assert (clone / "examples/calculator/tests/test_session_spec.py").exists()


def test_nothing_in_the_checkout_changed(demo):
    status = subprocess.run(
        ["git", "status", "--porcelain", "--", "examples", "specs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "_spec.py" not in status.replace("examples/answers", "")
