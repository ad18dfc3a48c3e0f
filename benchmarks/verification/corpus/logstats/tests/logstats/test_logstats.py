from logstats.cli import main
from logstats.entries import read_lines, summarise


def test_summary_of_one_entry():
    [entry] = read_lines(["2026-04-22T10:00:00 200 12.5 /"])
    assert summarise([entry]).p95 == 12.5


def test_command(tmp_path, capsys):
    log = tmp_path / "access.log"
    log.write_text("2026-04-22T10:00:00 200 12.5 /\n")
    assert main([str(log)]) == 0
    assert "entries  1" in capsys.readouterr().out
