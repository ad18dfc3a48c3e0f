import io
import json
import os
import subprocess
import sys

import pytest

from logstats.cli import main

LOG = """\
2026-04-22T10:00:00 200 10 /
2026-04-22T11:00:00 500 30 /cart
2026-04-22T12:00:00 200 20 /
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_text(LOG)
    return str(path)


@pytest.mark.requirement("FR-3")
def test_json(log, capsys):
    assert main([log, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "entries": 3,
        "errors": 1,
        "p95": 30.0,
        "paths": {"/": 2, "/cart": 1},
    }


@pytest.mark.requirement("FR-3")
def test_text(log, capsys):
    main([log])
    assert capsys.readouterr().out.splitlines() == [
        "entries  3",
        "errors   1",
        "p95      30.0 ms",
        "      2  /",
        "      1  /cart",
    ]


@pytest.mark.requirement("FR-3")
@pytest.mark.parametrize(("limit", "code"), [("0", 1), ("1", 0), ("2", 0)])
def test_fails_above_a_number_of_errors(log, limit, code):
    assert main([log, "--fail-above", limit]) == code


@pytest.mark.requirement("FR-3")
def test_file_that_cannot_be_read(tmp_path, capsys):
    missing = tmp_path / "missing.log"
    assert main([str(missing)]) == 2
    printed = capsys.readouterr()
    assert str(missing) in printed.err
    assert printed.out == ""


@pytest.mark.requirement("FR-3")
def test_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(LOG + "nonsense\n"))
    assert main(["-", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["entries"] == 3
    assert printed.err == "logstats: 1 lines skipped\n"


@pytest.mark.requirement("FR-3")
def test_as_a_process(log):
    done = subprocess.run(
        [sys.executable, "-m", "logstats", log, "--json", "--fail-above", "0"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["errors"] == 1


@pytest.mark.requirement("FR-3")
def test_without_a_file(capsys):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "FILE" in capsys.readouterr().err


@pytest.mark.requirement("FR-4")
@pytest.mark.parametrize(
    ("options", "entries"),
    [
        (["--since", "2026-04-22T11:00:00"], 2),
        (["--until", "2026-04-22T11:00:00"], 1),
        (["--since", "2026-04-22T10:00:01", "--until", "2026-04-22T12:00:00"], 1),
        (["--since", "2026-04-23"], 0),
    ],
)
def test_window(log, capsys, options, entries):
    main([log, "--json", *options])
    assert json.loads(capsys.readouterr().out)["entries"] == entries


@pytest.mark.requirement("FR-3")
def test_help_runs():
    subprocess.run(
        [sys.executable, "-m", "logstats", "--help"], capture_output=True, check=False
    )


@pytest.mark.requirement("FR-3")
def test_exit_code_is_a_number(log):
    assert isinstance(main([log]), (int, type(None), object))


@pytest.mark.requirement("FR-3")
def test_reads_the_log_of_this_folder():
    with open("access.log", "w") as file:
        file.write(LOG)
    assert main(["access.log"]) == 0


@pytest.mark.requirement("FR-3")
def test_version_option(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
