"""The second workflow of a fork's pull request: it posts what the first one found."""

import io
import json
import struct
import zipfile

import pytest

from spec_to_production import reporting
from spec_to_production.action import main
from spec_to_production.github import relay
from spec_to_production.github.artifact import Name
from spec_to_production.github.comment import Marker
from support.results import make_result

NAME = "spec-to-production-tests.default-1"
RUN = 4242


def archive(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return content.getvalue()


def damaged(compression):
    """An archive whose directory is whole, and whose one file is not."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as packed:
        packed.writestr("report.json", report())
    begin = content.getvalue().index(b"report.json") + len("report.json") + 9  # past LZMA's head
    return content.getvalue().replace(content.getvalue()[begin : begin + 9], b"\xff" * 9, 1)


def beyond_its_end():
    """An archive whose directory has its one file begin where no file can."""
    whole = archive({"report.json": "{}"})
    at = whole.index(b"PK\1\2")
    place = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    entry = bytearray(whole[at : at + 46]) + b"report.json" + place
    entry[30:32], entry[42:46] = struct.pack("<H", len(place)), b"\xff" * 4
    end = bytearray(whole[-22:])
    end[12:16] = struct.pack("<I", len(entry))
    return whole[:at] + entry + end


def report():
    return reporting.files(make_result(), reporting.Links())["report.json"]


@pytest.fixture
def step(tmp_path, monkeypatch, capsys, server, github):
    """Runs the second workflow's step; gives its exit code and its log."""
    server.runs[RUN] = "someone/demo:feature"
    server.pulls = {4: "octo:feature", 5: "someone:feature"}
    server.artifacts[RUN] = {"other": b"", NAME: archive({"report.json": report()})}
    monkeypatch.setattr("spec_to_production.github.connection.connect", lambda *given: github)
    output = tmp_path / "output"
    output.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"workflow_run": {"id": RUN}}))

    def run(**more):
        env = {
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_EVENT_NAME": "workflow_run",
            "GITHUB_REPOSITORY": "octo/demo",
            "GITHUB_SHA": "a" * 40,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_RUN_ID": "9999",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": server.url,
            "INPUT_MODE": "report",
            "INPUT_GITHUB-TOKEN": "ghs-token",
            **more,
        }
        return main(env), capsys.readouterr().out

    return run


def test_the_forks_result_is_posted_on_the_forks_pull_request(step, server):
    code, log = step()

    assert code == 0, log
    (body,) = server.bodies(5)
    assert Marker.read(body) == Marker("default", RUN, 1)
    assert "did not check it" in body
    assert "FR-" in body
    assert server.bodies(4) == []


def test_several_results_are_told_in_one_comment(step, server):
    folders = {"1-a/report.json": report(), "2-b/report.json": report()}
    server.artifacts[RUN][NAME] = archive({**folders, "1-a/tests/x/report.json": "{"})

    assert step()[0] == 0
    assert "2 components" in server.bodies(5)[0]


def test_the_token_does_not_follow_to_the_storage(step, server):
    step()

    assert server.authorizations_at_storage == [None]


def test_what_is_computed_cannot_be_claimed(step, server):
    claimed = json.loads(report()) | {"promotable": True, "parallel_execution_savings_ms": 1e9}
    server.artifacts[RUN][NAME] = archive({"report.json": json.dumps(claimed)})

    assert step()[0] == 0
    assert "277" not in server.bodies(5)[0].partition("<details>")[0]  # hours


@pytest.mark.parametrize(
    "content",
    [
        b"no zip",
        archive({}),
        archive({"report.json": "{"}),
        archive({"report.json": "[]"}),
        archive({"report.json": '{"spec": {}}'}),
        archive({"report.json": "[" * 100_000}),
        archive({"report.json": b"\xff"}),
        archive({"report.json": report().replace("72400.0", "1e999")}),
        damaged(zipfile.ZIP_DEFLATED),
        damaged(zipfile.ZIP_BZIP2),
        damaged(zipfile.ZIP_LZMA),
        beyond_its_end(),
    ],
)
def test_what_is_no_result_is_not_posted(step, server, content):
    server.artifacts[RUN][NAME] = content
    code, log = step()

    assert code == 1
    assert "holds no valid report.json" in log
    assert server.bodies(5) == []


def test_an_artifact_with_a_name_that_no_job_gives_is_not_taken(step, server):
    server.artifacts[RUN] = {
        "spec-to-production-x; sh a;.default-1": archive({"report.json": report()})
    }

    assert "has no artifact of this tool" in step()[1]


@pytest.mark.parametrize("other", ["public-api", "v2.api", "api-1"])
def test_an_artifact_with_another_comment_id_that_ends_alike_is_not_taken(step, server, other):
    name = str(Name("tests", other, 1))
    server.artifacts[RUN] = {name: archive({"report.json": report()})}

    assert "has no artifact of this tool" in step(**{"INPUT_COMMENT-ID": "api"})[1]


def test_a_zip_that_swells_is_read_up_to_a_size(step, server, monkeypatch):
    monkeypatch.setattr(relay, "LARGEST_BYTES", 1 << 20)
    server.artifacts[RUN][NAME] = archive({"report.json": b" " * (8 << 20)})
    code, log = step()

    assert code == 1
    assert "over 1 MiB" in log


def test_an_artifact_that_is_too_large_is_not_read_to_its_end(step, server, monkeypatch):
    monkeypatch.setattr(relay, "LARGEST_BYTES", 100)

    assert "over 0 MiB" in step()[1]


def test_without_an_artifact_the_comment_id_is_named(step, server):
    code, log = step(**{"INPUT_COMMENT-ID": "docs"})

    assert code == 1
    assert "'docs'" in log


def test_a_closed_pull_request_is_left_alone(step, server):
    server.pulls = {}

    assert step()[0] == 0
    assert server.bodies(5) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("GITHUB-TOKEN", ""), ("COMMENT-ID", "../x"), ("CA-BUNDLE", "/nowhere.pem")],
)
def test_an_input_that_cannot_be_used_is_named(step, server, name, value):
    code, log = step(**{f"INPUT_{name}": value})

    assert code == 2
    assert name.lower() in log
    assert "Internal error" not in log
    assert server.bodies(5) == []


def test_another_event_is_refused(step, tmp_path):
    (tmp_path / "event.json").write_text("{}")
    code, log = step(GITHUB_EVENT_NAME="push")

    assert code == 2
    assert "workflow_run" in log
