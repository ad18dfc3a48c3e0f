import sys
from pathlib import Path

import pytest

from spec_to_production.components.suite import run_suite
from spec_to_production.sandbox import Limits, Sandbox

pytestmark = pytest.mark.integration

OPS = """\
def add(a, b):
    return a + b

def sub(a, b):
    return a - b
"""
SOURCE = {"src/calc/__init__.py": "", "src/calc/ops.py": OPS}
GREEN = "from calc.ops import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"


@pytest.fixture
def run(project, sandbox, calc):
    def run(files, **given):
        root = project(SOURCE | files)
        tests = sorted(name for name in files if name.rpartition("/")[2].startswith("test_"))
        settings = {
            "sandbox": sandbox,
            "import_root": "src",
            "options": (),
            "measure": calc,
        } | given
        return run_suite(tests, root, **settings)

    return run


def outcomes(suite):
    return {test.id.rpartition("::")[2]: test.outcome for test in suite.tests}


def test_green_tests_pass_and_their_lines_are_covered(run):
    suite = run({"tests/test_ops.py": GREEN})

    assert (suite.status, suite.detail) == ("passed", "")
    assert [test.id for test in suite.tests] == ["tests/test_ops.py::test_add"]
    (file,) = suite.coverage.files
    assert (file.path, file.covered, file.missing) == ("src/calc/ops.py", (1, 2, 4), (5,))
    assert suite.coverage.percent == 75


@pytest.mark.parametrize("options", ["", "-n 2", "-p no:xdist", "-pno:xdist"])
def test_plugins_of_the_project_are_taken_back_where_they_are_on(options, run, place):
    has_plugins = Sandbox.prepare(place / "with-plugins", Path(sys.executable))
    ini = f"[pytest]\naddopts = {options}\n"

    files = {"tests/test_ops.py": GREEN, "pytest.ini": ini}
    suite = run(files, sandbox=has_plugins, options=options.split())

    assert (suite.status, suite.detail) == ("passed", "")
    assert suite.coverage.percent == 75


def test_every_kind_of_outcome_is_told_apart(run):
    suite = run(
        {
            "tests/test_all.py": """
import pytest

@pytest.fixture
def broken():
    raise RuntimeError

def test_passes(): pass
def test_fails(): assert False
def test_skips(): pytest.skip()
def test_errors(broken): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.mark.parametrize("n", [1, 2])
def test_cases(n): pass
"""
        }
    )

    assert outcomes(suite) == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_skips": "skipped",
        "test_errors": "error",
        "test_expected": "skipped",
        "test_cases[1]": "passed",
        "test_cases[2]": "passed",
    }
    assert suite.status == "failed"
    assert "2 of 7 tests fail" in suite.detail
    assert "tests/test_all.py::test_fails" in suite.detail


def test_a_file_that_cannot_be_collected_does_not_hide_the_others(run):
    suite = run({"tests/test_a.py": "import nowhere\n", "tests/test_b.py": GREEN})

    assert suite.status == "failed"
    assert outcomes(suite) == {"tests/test_a.py": "error", "test_add": "passed"}


def test_tests_that_all_fail_to_import_are_an_error_that_names_the_cause(run):
    suite = run({"tests/test_a.py": "import nowhere\n"})

    assert suite.status == "error"
    assert "No module named 'nowhere'" in suite.detail


def test_without_test_files_nothing_is_covered_and_every_line_is_missing(run):
    suite = run({})

    assert (suite.status, suite.tests) == ("no_tests", ())
    assert suite.coverage.percent == 0
    assert suite.coverage.files[0].missing == (1, 2, 4, 5)


def test_a_component_that_cannot_be_imported_is_an_error(run):
    suite = run({"src/calc/ops.py": "import nowhere\n"})

    assert suite.status == "error"
    assert "calc.ops: ModuleNotFoundError: No module named 'nowhere'" in suite.detail


def test_a_component_with_a_syntax_error_is_an_error_and_has_no_coverage(run):
    suite = run({"src/calc/ops.py": "def (\n"})

    assert suite.status == "error"
    assert "SyntaxError" in suite.detail
    assert suite.coverage is None


def test_the_projects_own_pytest_settings_hold(run):
    suite = run(
        {
            "pytest.ini": "[pytest]\npython_functions = check_*\naddopts = -x --lf\n",
            "tests/test_ops.py": "def check_one(): assert False\ndef check_two(): pass\n",
        }
    )

    assert outcomes(suite) == {"check_one": "failed", "check_two": "passed"}


def test_arguments_that_pytest_refuses_are_an_error_in_its_words(run):
    suite = run(
        {
            "pytest.ini": "[pytest]\naddopts = --from-a-missing-plugin\n",
            "tests/test_ops.py": GREEN,
        }
    )

    assert suite.status == "error"
    assert "--from-a-missing-plugin" in suite.detail


def test_a_test_that_hangs_fails_alone(run):
    suite = run(
        {"tests/test_a.py": "def test_hangs():\n    while True: pass\n", "tests/test_b.py": GREEN},
        test_timeout=3,
    )

    assert outcomes(suite) == {"test_hangs": "failed", "test_add": "passed"}
    assert suite.coverage.percent == 75


TIME_IS_UP_WHILE_COVERAGE_WRITES = """
import signal
from coverage import Coverage
from calc.ops import sub

class Lock:
    def __init__(self, collector):
        self.collector, self.lock = collector, collector.data_lock

    def acquire(self):
        self.lock.acquire()

    def release(self):
        self.collector.data_lock = self.lock
        signal.raise_signal(signal.SIGALRM)
        self.lock.release()

def test_hangs():
    collector = Coverage.current()._collector
    collector.data_lock = Lock(collector)
    while True:
        sub(2, 1)
"""


def test_a_test_that_hangs_in_measured_code_spoils_no_later_one(run):
    suite = run(
        {"tests/test_a.py": TIME_IS_UP_WHILE_COVERAGE_WRITES, "tests/test_b.py": GREEN},
        test_timeout=3,
    )

    assert outcomes(suite) == {"test_hangs": "failed", "test_add": "passed"}
    assert suite.coverage.percent == 100


def test_a_run_over_the_wall_limit_keeps_what_is_known_and_names_where_it_stood(run):
    hang = """
import signal
def test_quick(): pass
def test_hangs():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    while True: pass
"""
    suite = run({"tests/test_a.py": hang}, limits=Limits(wall_s=20), test_timeout=2)

    assert suite.status == "error"
    assert outcomes(suite) == {"test_quick": "passed"}
    assert "stopped after 20 s in tests/test_a.py::test_hangs" in suite.detail
    assert suite.coverage is None


def test_a_test_that_ends_the_process_is_an_error_never_a_pass(run):
    suite = run({"tests/test_a.py": "import os\ndef test_exit(): os._exit(0)\n"})

    assert suite.status == "error"
    assert "tests/test_a.py::test_exit" in suite.detail


def test_what_tests_print_changes_nothing(run):
    fake = '{"test": "tests/x.py::test_x", "outcome": "failed", "ms": 1, "why": ""}'
    suite = run({"tests/test_a.py": f"def test_prints():\n    print({fake!r})\n"})

    assert outcomes(suite) == {"test_prints": "passed"}


@pytest.mark.parametrize(
    "line",
    [
        '{"test": "tests/x.py::test_x"}',
        "{}}",
        "[]}",
        '{"end": [1]}',
        '{"test": 1}',
        '{"a":' * 5000 + "}",
    ],
)
def test_a_record_that_a_test_wrote_into_is_an_error_never_a_pass(run, line):
    suite = run(
        {
            "tests/test_a.py": f"""
import json, sys
def test_forges():
    with open(json.load(open(sys.argv[1]))["events"], "a") as events:
        events.write({line + chr(10)!r})
"""
        }
    )

    assert (suite.status, suite.tests) == ("error", ())


def test_something_else_in_place_of_the_record_is_not_read(run):
    suite = run(
        {
            "tests/test_a.py": """
import json, os, sys
def test_replaces():
    path = json.load(open(sys.argv[1]))["events"]
    os.unlink(path)
    os.mkfifo(path)
"""
        }
    )

    assert outcomes(suite) == {"test_replaces": "passed"}


def test_more_test_files_than_a_command_line_holds(run):
    deep = "/".join(["deep" * 60] * 4)
    names = [f"tests/{deep}/test_{number}.py" for number in range(140)]
    suite = run(dict.fromkeys(names, "") | {"tests/test_ops.py": GREEN})

    assert suite.status == "passed"


def test_folders_without_end_are_removed(run, place):
    digs = """
import os, sys
def test_digs():
    os.chdir(os.path.dirname(sys.argv[1]))
    for _ in range(2000):
        os.mkdir("d")
        os.chdir("d")
"""
    suite = run({"tests/test_a.py": digs})

    assert outcomes(suite) == {"test_digs": "passed"}
    assert not list((place / "sandbox" / "tmp").iterdir())


def test_skipped_tests_alone_are_no_tests(run):
    suite = run({"tests/test_a.py": "import pytest\ndef test_a(): pytest.skip()\n"})

    assert (suite.status, suite.detail) == ("no_tests", "The only test is skipped.")


def test_an_interpreter_without_pytest_is_an_error_that_says_what_to_do(project, place, calc):
    import venv

    venv.create(place / "bare", symlinks=True)
    root = project(SOURCE | {"tests/test_ops.py": GREEN})
    sandbox = Sandbox.prepare(place / "bare-box", place / "bare" / "bin" / "python")

    suite = run_suite(
        ["tests/test_ops.py"], root, sandbox, import_root="src", options=(), measure=calc
    )

    assert suite.status == "error"
    assert "coverage is not installed for" in suite.detail
    assert "'requirements'" in suite.detail


def test_the_run_leaves_no_file_behind(run, place):
    suite = run({"tests/test_ops.py": GREEN})

    assert suite.status == "passed"
    assert not list(place.rglob("__pycache__"))
    assert not list(place.rglob(".pytest_cache"))
    assert not list((place / "sandbox" / "tmp").iterdir())


def test_secrets_of_the_tool_do_not_reach_the_tests(run, monkeypatch):
    monkeypatch.setenv("LLM_API_KEY", "secret")
    suite = run(
        {"tests/test_a.py": "import os\ndef test_env(): assert 'LLM_API_KEY' not in os.environ\n"}
    )

    assert suite.status == "passed"
