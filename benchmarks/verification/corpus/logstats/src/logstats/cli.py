"""The command."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import sys
from collections.abc import Sequence
from datetime import datetime

from logstats.entries import Summary, read_lines, summarise


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    skipped: list[str] = []
    try:
        lines = itertools.chain.from_iterable(_lines_of(name) for name in options.files)
        entries = [
            entry
            for entry in read_lines(lines, skipped)
            if (options.since is None or entry.at >= options.since)
            and (options.until is None or entry.at < options.until)
        ]
    except OSError as error:
        print(f"logstats: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    summary = summarise(entries)
    print(json.dumps(dataclasses.asdict(summary)) if options.json else _text(summary))
    if skipped:
        print(f"logstats: {len(skipped)} lines skipped", file=sys.stderr)
    too_many = options.fail_above is not None and summary.errors > options.fail_above
    return 1 if too_many else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="logstats", description="What an access log says.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a log, or - for standard input")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--fail-above", type=int, metavar="N", help="errors that are too many")
    parser.add_argument("--since", type=datetime.fromisoformat, metavar="TIME")
    parser.add_argument("--until", type=datetime.fromisoformat, metavar="TIME")
    return parser


def _lines_of(name: str) -> list[str]:
    if name == "-":
        return sys.stdin.read().splitlines()
    with open(name, encoding="utf-8") as file:
        return file.read().splitlines()


def _text(summary: Summary) -> str:
    rows = [f"entries  {summary.entries}", f"errors   {summary.errors}"]
    if summary.p95 is not None:
        rows.append(f"p95      {summary.p95:.1f} ms")
    rows += [f"{count:7}  {path}" for path, count in summary.paths.items()]
    return "\n".join(rows)
