import pytest

from spec_to_production.github.log import Log
from spec_to_production.progress import Sight


@pytest.fixture
def log():
    return Log()


def test_a_job_is_one_group_when_it_has_ended(log, capsys):
    log.line("submitted a", "a")
    log.line("submitted b", "b")
    log.line("baseline passed", None)
    log.line("a succeeded", "a")
    log.ended(Sight("a", "succeeded", is_over=True))
    log.line("a was not deleted", "a")
    log.close()

    assert capsys.readouterr().out.splitlines() == [
        "baseline passed",
        "::group::a: succeeded",
        "submitted a",
        "a succeeded",
        "::endgroup::",
        "a was not deleted",
        "::group::b",
        "submitted b",
        "::endgroup::",
    ]


def test_nothing_that_is_told_is_a_command(log, capsys):
    log.line("::set-output name=x::y\n::error::z", None)
    log.line("::stop-commands::t", "::add-mask::a\n::error::b")
    log.close()

    out = capsys.readouterr().out
    commands = [line for line in out.splitlines() if line.startswith("::")]
    assert [line.split("::")[1] for line in commands] == ["group", "endgroup"]
