"""What we print and write is read back by a parser that follows the runner's source."""

import os
import re
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spec_to_production.errors import GitHubError
from spec_to_production.github import commands

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
HOSTILE = st.lists(
    st.sampled_from(
        ["::error::x", "##[error]x", "\r", "\n", " ", "\t", "::", "%0A", "::stop-commands::a", "é"]
    )
).map("".join)
TEXT = ANY_TEXT | HOSTILE
ONE_FUNCTION = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Command:
    name: str
    properties: dict[str, str]
    data: str


@dataclass
class Log:
    """What the runner makes of a step's output (ActionCommandManager, ActionCommand)."""

    commands: list[Command] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def read_log(output: str) -> Log:
    log = Log()
    stopped_by = None
    for line in re.split(r"\r\n|\r|\n", output):
        command = parse(line)
        if stopped_by is not None:
            if command and command.name == stopped_by:
                stopped_by = None
            else:
                log.text.append(line)
        elif command and command.name == "stop-commands":
            stopped_by = command.data
        elif command:
            log.commands.append(command)
        else:
            log.text.append(line)
    return log


def parse(line: str) -> Command | None:
    trimmed = line.lstrip()
    if trimmed.startswith("::") and (end := trimmed.find("::", 2)) > 2:
        name, _, properties = trimmed[2:end].partition(" ")
        pairs = [pair.split("=", 1) for pair in properties.split(",")]
        return Command(
            name,
            {pair[0].strip(): unescape(pair[1]) for pair in pairs if len(pair) == 2 and pair[1]},
            unescape(trimmed[end + 2 :], data=True),
        )
    if (start := line.find("##[")) >= 0 and "]" in line[start:]:
        return Command("old form", {}, line)
    return None


def unescape(text: str, *, data: bool = False) -> str:
    for escaped, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        if not data or plain not in ":,":
            text = text.replace(escaped, plain)
    return text


def read_values(content: str) -> dict[str, str]:
    """FileCommandManager's reader of ``name=value`` and ``name<<delimiter`` entries."""
    values = {}
    lines = iter(content.split("\n")[:-1])
    for line in lines:
        name, separator, delimiter = line.partition("<<")
        assert separator, line
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        else:
            pytest.fail(f"no end to {name}")
        values[name] = "\n".join(value)
    return values


@pytest.fixture
def runner_file(tmp_path, monkeypatch):
    def make(name):
        path = tmp_path / name
        path.write_text("")
        monkeypatch.setenv(name, str(path))
        return path

    return make


@ONE_FUNCTION
@given(TEXT)
@example("\r::error::x")
@example("\u2003::error::x")
@example("a ##[error]x ##[warning]y")
def test_nothing_that_is_said_is_a_command(capsys, text):
    commands.say(text)

    assert read_log(capsys.readouterr().out).commands == []


@ONE_FUNCTION
@given(TEXT)
def test_quoted_text_is_no_command_and_keeps_its_lines(capsys, text):
    commands.quote(text)
    log = read_log(capsys.readouterr().out)

    assert log.commands == []
    kept = "\n".join(log.text).removesuffix("\n").replace("## [", "##[")
    assert kept == re.sub(r"\r\n|\r", "\n", text).replace("## [", "##[")


@ONE_FUNCTION
@given(message=TEXT, title=TEXT, path=TEXT, line=st.none() | st.integers(1, 10**6))
def test_an_annotation_arrives_as_it_was_meant(capsys, message, title, path, line):
    commands.annotate("warning", message, title=title, path=path, line=line)
    (command,) = read_log(capsys.readouterr().out).commands

    assert command.name == "warning"
    assert command.data == message
    assert command.properties.get("title", "") == title
    assert command.properties.get("file", "") == path
    assert command.properties.get("line") == (str(line) if line else None)


def test_an_annotation_is_cut_where_the_runner_would_cut_it(capsys):
    commands.annotate("error", "x" * 5000)

    (command,) = read_log(capsys.readouterr().out).commands
    assert len(command.data) == 4096


@ONE_FUNCTION
@given(TEXT.filter(bool))
def test_a_secret_is_masked_whole(capsys, secret):
    commands.mask(secret)

    first, *encoded = read_log(capsys.readouterr().out).commands
    assert first == Command("add-mask", {}, secret)
    assert {command.name for command in encoded} <= {"add-mask"}


def test_an_empty_secret_masks_nothing(capsys):
    commands.mask("")

    assert capsys.readouterr().out == ""


def test_a_group_is_closed_when_its_block_fails(capsys):
    with pytest.raises(ZeroDivisionError), commands.group("jobs ##[x]"):
        raise ZeroDivisionError

    names = [command.name for command in read_log(capsys.readouterr().out).commands]
    assert names == ["group", "endgroup"]


@ONE_FUNCTION
@given(TEXT)
@example("ghadelimiter_x\nsecond<<ghadelimiter_x\nforged")
def test_an_output_arrives_as_it_was_meant(runner_file, text):
    file = runner_file("GITHUB_OUTPUT")
    commands.set_output("verdict", text)
    commands.set_output("second", "2")

    assert read_values(file.read_bytes().decode()) == {"verdict": text, "second": "2"}


def test_outside_a_step_the_missing_file_is_named(monkeypatch):
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)

    with pytest.raises(GitHubError, match="GITHUB_OUTPUT"):
        commands.set_output("a", "b")


def test_summaries_add_up(runner_file):
    file = runner_file("GITHUB_STEP_SUMMARY")
    commands.append_summary("# one")
    commands.append_summary("# two")

    assert file.read_text() == "# one\n# two\n"


@pytest.mark.parametrize("character", ["x", "é", "🐍"])
def test_a_summary_never_exceeds_what_the_runner_takes(runner_file, character):
    file = runner_file("GITHUB_STEP_SUMMARY")
    commands.append_summary(f"{character * 99}\n" * 20_000)
    commands.append_summary("a second one for which there is no room" * 100)

    assert file.stat().st_size <= 1_048_576
    *_, last, cut, empty = file.read_text().split("\n")
    assert cut.startswith("_Cut here")
    assert (last, empty) == ("", "")


def test_output_is_written_by_whole_lines(monkeypatch):
    written = []
    monkeypatch.setattr("sys.stdout.write", written.append)
    commands.say("a\nb")
    commands.annotate("notice", "c")

    assert written == ["a\nb\n", f"::notice::c{os.linesep}"]
