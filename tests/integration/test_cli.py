"""The command as a user types it, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("spec-to-production")
SPEC = "--spec=specs/calculator_operations.md"
FEW_REPEATS = "--flake-bound=0.9"
COMPONENT = "--component=examples/calculator"

pytestmark = pytest.mark.integration


def run(*args, cwd=ROOT, **env):
    return subprocess.run(
        [COMMAND, *args],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), "COLUMNS": "100", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_dry_run_shows_the_jobs_and_writes_nothing(tmp_path):
    before = sorted(tmp_path.iterdir())

    done = run("run", SPEC, COMPONENT, "--dry-run", HOME=str(tmp_path))

    assert done.returncode == 0
    for wanted in ("operations", "session", "expression", "FR-4"):
        assert wanted in done.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_a_dry_run_names_what_obliges_outside_of_every_requirement(shop):
    spec = "# Shop\n\nPrices MUST be whole cents.\n\n- FR-1: Prices add up.\n"
    (shop / "spec.md").write_text(spec)

    done = run("run", "--spec=spec.md", "--component=shop.py", "--dry-run", cwd=shop)

    assert done.returncode == 0
    told = " ".join(done.stdout.split())
    assert "spec.md:3 “Prices MUST be whole cents.”" in told
    assert "Nothing limits what the model may cost" in told


def test_a_dry_run_says_which_module_python_cannot_read_and_where(shop):
    (shop / "spec.md").write_text("# Shop\n\n- FR-1: Prices add up.\n")
    (shop / "shop.py").write_text("def total(prices):\n    return sum(\n")

    done = run("run", "--spec=spec.md", "--component=shop.py", "--dry-run", cwd=shop)

    assert done.returncode == 0
    assert "cannot read shop.py:2: '(' was never closed." in " ".join(done.stdout.split())


_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_what_the_locale_cannot_write_is_shown_as_well_as_it_can(shop):
    root = shop.rename(shop.with_name("Geschäft"))
    (root / "spec.md").write_text("# Shop\n\nPrices MUST be cents.\n\n- FR-1: They add up.\n")

    done = run("run", "--spec=spec.md", "--component=shop.py", "--dry-run", cwd=root, **_ASCII)

    assert (done.returncode, done.stderr) == (0, "")
    assert "spec.md:3 ?Prices MUST be cents.?" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "given", ["--spec=Läden.md --component=shop.py", "--spec=spec.md --component=läden.py"]
)
def test_a_name_that_the_locale_cannot_read_is_refused_with_what_to_set(shop, given):
    for name in ("Läden.md", "spec.md"):
        (shop / name).write_text("# Shop\n\n- FR-1: Prices add up.\n")
    (shop / "läden.py").write_text((shop / "shop.py").read_text())

    done = run("run", *given.split(), "--dry-run", cwd=shop, **_ASCII)

    assert done.returncode == 2
    assert "den" in done.stderr
    assert "PYTHONUTF8=1" in done.stderr


def test_who_is_refused_for_want_of_a_key_hears_nothing_of_what_an_agent_would_see(shop):
    where = ("--openhands-url=cloud", "--llm-model=openai/x")

    done = run("run", "--spec=spec.md", "--component=shop.py", *where, cwd=shop, LLM_API_KEY="k")

    assert done.returncode == 2
    assert "openhands-api-key: not given" in done.stderr
    assert "can see" not in done.stderr


def test_several_pairs_are_planned_one_after_another(tmp_path):
    modules = "examples/calculator/operations.py\nexamples/calculator/session.py"
    specs = "specs/calculator_operations.md\nspecs/templates/minimal.md"

    done = run("run", f"--spec={specs}", f"--component={modules}", "--dry-run")

    assert done.returncode == 0, done.stderr
    assert done.stdout.index("calculator.operations") < done.stdout.index("calculator.session")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--component=examples/calculator"], "spec: not given"),
        (["--spec=specs/calculator_operation.md", COMPONENT], "calculator_operations.md"),
        ([SPEC, "--component=examples/calculater"], "examples/calculator"),
        ([SPEC, COMPONENT, "--target=prod"], "'dev', 'staging' or 'production'"),
        ([SPEC, COMPONENT], "llm-model: not given"),
        (["--spec=\x1b[2J.md", COMPONENT], "␛[2J.md"),
    ],
)
def test_bad_input_ends_with_one_clear_text_and_exit_code_2(args, told):
    done = run("run", *args)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_verify_names_the_tests_that_it_misses():
    done = run("verify", SPEC, COMPONENT, "--tests=nowhere")

    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_in_a_folder_that_is_gone_it_says_what_to_do(tmp_path):
    gone = ["sh", "-c", f"rmdir {tmp_path}/gone && {COMMAND} run {SPEC} {COMPONENT}"]
    (tmp_path / "gone").mkdir()

    done = subprocess.run(
        gone, cwd=tmp_path / "gone", capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 2
    assert "folder that this runs in is gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_of_a_checkout_it_says_what_to_do(tmp_path):
    done = run("run", SPEC, COMPONENT, cwd=tmp_path)

    assert done.returncode == 2
    assert "not in a git checkout" in done.stderr


def test_what_verify_wrote_is_what_a_replay_reads_wherever_one_stands(shop):
    given = ["verify", "--spec=spec.md", "--component=shop.py", FEW_REPEATS]

    first = run(*given, "--tests=tests", "--output=kept/verdicts.json", cwd=shop / "tests")
    again = run("verify", "--replay=kept/verdicts.json", cwd=shop)

    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert (shop / "kept" / "verdicts.json").is_file()
    assert "verdicts are as they were" in again.stdout


@pytest.mark.parametrize("replayed", ["nowhere.json", "spec.md"])
def test_a_replay_of_no_verdicts_is_told_before_all_else_that_is_missing(shop, replayed):
    done = run("verify", f"--replay={replayed}", cwd=shop)

    assert done.returncode == 2
    assert replayed in done.stderr
    assert "not given" not in done.stderr


@pytest.mark.parametrize(("python", "told"), [("nowhere", "no program"), ("true", "pytest")])
def test_a_python_that_runs_no_tests_is_refused_before_the_start(shop, tmp_path, python, told):
    other = tmp_path / "true"
    other.write_text("#!/bin/sh\necho no module pytest >&2; exit 1\n")
    other.chmod(0o755)
    done = run(
        "verify",
        "--spec=spec.md",
        "--component=shop.py",
        "--tests=tests",
        f"--python={tmp_path / python}",
        cwd=shop,
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"spec-to-production: python: {tmp_path / python} ")
    assert told in done.stderr


def test_a_python_is_found_from_where_one_stands(shop):
    given = ["--spec=spec.md", "--component=shop.py", "--tests=tests", FEW_REPEATS]
    python = os.path.relpath(sys.executable, shop / "tests")

    done = run("verify", *given, f"--python={python}", cwd=shop / "tests")

    assert done.returncode == 0, done.stderr


def test_no_earlier_verdicts_stand_where_a_run_failed(shop):
    (shop / "v.json").write_text("{}")
    same = run("verify", "--replay=v.json", "--output=v.json", cwd=shop)
    assert same.returncode == 2
    assert "v.json is what is replayed" in same.stderr
    assert (shop / "v.json").exists()

    assert run("verify", "--spec=nowhere.md", "--output=v.json", cwd=shop).returncode == 2
    assert not (shop / "v.json").exists()


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        (["--tests=tests", "--tests=more"], "--tests is given 2 times"),
        (["--tests=tests/test_shop.py::test_a"], "Name its file: tests/test_shop.py"),
    ],
)
def test_tests_are_one_file_or_folder(shop, tests, told):
    done = run("verify", "--spec=spec.md", "--component=shop.py", *tests, cwd=shop)

    assert done.returncode == 2
    assert told in done.stderr


def test_verify_takes_several_specs_and_writes_nothing_unasked(shop):
    (shop / "second.md").write_text("# Shop\n\n## FR-2: Gross\n\nThe gross is not the net.\n")
    done = run(
        "verify", "--spec=*.md", "--component=shop.py", "--tests=tests", FEW_REPEATS, cwd=shop
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("gates for dev") == 2
    assert "Written" not in done.stdout
    assert not (shop / "out").exists()


def test_the_help_of_verify_tells_no_default_that_does_not_hold():
    assert "[default: out]" in " ".join(run("run", "--help").stdout.split())
    assert "nothing is written]" in " ".join(run("verify", "--help").stdout.split())


def test_of_an_option_that_is_given_twice_the_last_one_holds():
    done = run("run", SPEC, COMPONENT, "--dry-run", "--target=nonsense", "--target=dev")
    assert done.returncode == 0
    assert "nonsense" not in done.stderr
