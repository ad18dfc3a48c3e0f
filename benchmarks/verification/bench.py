"""Measure verification on the labelled corpus, and against what else there is.

    python benchmarks/verification/bench.py [component …] [--only judge filter timing engines]
                                            [--reruns N]

``judge`` prints the confusion table of the corpus and every verdict that is not as the labels
want it, ``filter`` the same for a plain "passes once and raises coverage" filter, ``timing`` the
cost of verification in times of the suite, ``engines`` mutants per second beside mutmut and
cosmic-ray. With ``--reruns`` the corpus is judged again, and verdicts that differ are listed.
The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import engines
import plain_filter
import timing
from corpus import ACCEPTABLE, DISPUTABLE, NO_BAR, Candidate, Component, components
from judging import by_candidate, candidate_of, judge, unlabelled
from rich.console import Console
from rich.table import Table

PARTS = ("judge", "filter", "timing", "engines")
GOOD_KEPT = 0.98
FLAKY_2_KEPT = 0.30
TIMES_THE_SUITE = 10
COSMIC_RAY_FACTOR = 10

console = Console(width=110)


@dataclass
class Bars:
    """The bars that were measured, and whether each holds."""

    rows: list[tuple[str, str, bool]] = field(default_factory=list)

    def add(self, name: str, value: str, *, holds: bool) -> None:
        """Note one bar."""
        self.rows.append((name, value, holds))


def judged(chosen: Sequence[Component]) -> dict[Candidate, str]:
    """The verdict on every candidate; a component on which ``verify`` broke has none."""
    verdicts: dict[Candidate, str] = {}
    for component in chosen:
        with tempfile.TemporaryDirectory() as work:
            judgement = judge(component, Path(work))
        if judgement.report is None:
            console.print(f"{component.name}: verify broke:\n{judgement.output[-2000:]}")
            continue
        for test in unlabelled(component, judgement):
            console.print(f"{component.name}: no label for {test}")
        found = by_candidate(component, judgement)
        verdicts |= found
        wrong = {each.id: verdict for each, verdict in found.items() if is_wrong(each, verdict)}
        console.print(
            f"{component.name}: {len(found)} candidates in {judgement.seconds:.0f} s,"
            f" {len(wrong)} not as labelled"
        )
        for test in judgement.report["tests"]:
            candidate = candidate_of(component, test["id"])
            if candidate is not None and candidate.id in wrong:
                told = ("id", "verdict", "reason", "detail", "runs")
                console.print(*(f"  {name}: {test[name]}" for name in told), sep="\n", markup=False)
    return verdicts


def is_wrong(candidate: Candidate, verdict: str) -> bool:
    """Whether a verdict is not what the label wants."""
    if candidate.label in ACCEPTABLE:
        return verdict != "accepted"
    if candidate.label in DISPUTABLE:
        return verdict != "disputed"
    return verdict == "accepted" and candidate.label not in NO_BAR


def confusion(verdicts: Mapping[Candidate, str]) -> Table:
    """Labels down, verdicts across; rejections by reason."""
    table = Table("label", "all", "accepted", "disputed", "rejected, by reason", title="Verdicts")
    for label in dict.fromkeys(candidate.label for candidate in verdicts):
        counted = Counter(word for candidate, word in verdicts.items() if candidate.label == label)
        reasons = [
            f"{word} {count}"
            for word, count in counted.most_common()
            if word not in {"accepted", "disputed"}
        ]
        table.add_row(
            label,
            str(counted.total()),
            str(counted["accepted"] or ""),
            str(counted["disputed"] or ""),
            ", ".join(reasons),
        )
    return table


def side_by_side(verdicts: Mapping[Candidate, str], kept: frozenset[Candidate]) -> Table:
    """How many of each label get in, here and through the plain filter."""
    table = Table("label", "all", "accepted here", "kept by the plain filter")
    for label in dict.fromkeys(candidate.label for candidate in verdicts):
        mine = [candidate for candidate in verdicts if candidate.label == label]
        words = [verdicts[candidate] for candidate in mine]
        accepted = str(words.count("accepted")) if any(words) else "not judged"
        table.add_row(label, str(len(mine)), accepted, str(len(kept & set(mine))))
    return table


def corpus_bars(verdicts: Mapping[Candidate, str], bars: Bars) -> None:
    """The bars of the issue that the corpus shows."""

    def share(labels: Iterable[str], verdict: str) -> tuple[int, int]:
        mine = [word for candidate, word in verdicts.items() if candidate.label in labels]
        return sum(word == verdict for word in mine), len(mine)

    bad = {candidate.label for candidate in verdicts} - ACCEPTABLE - DISPUTABLE - NO_BAR
    through, every = share(bad, "accepted")
    bars.add("bad tests accepted: 0", f"{through} of {every}", holds=through == 0)
    kept, every = share(ACCEPTABLE, "accepted")
    bars.add("good tests accepted: 98 %", f"{kept} of {every}", holds=kept >= GOOD_KEPT * every)
    found, every = share(DISPUTABLE, "disputed")
    bars.add("bug-revealing tests disputed: all", f"{found} of {every}", holds=found == every)
    through, every = share({"flaky_2"}, "accepted")
    bars.add(
        "flaky at 2 % accepted: 30 % at most",
        f"{through} of {every}",
        holds=through <= FLAKY_2_KEPT * every,
    )


def not_as_labelled(verdicts: Mapping[Candidate, str]) -> None:
    """List every verdict that the labels contradict, and what is accepted without a bar for it."""
    wrong = {each: verdict for each, verdict in verdicts.items() if is_wrong(each, verdict)}
    listed("Bad and accepted", wrong, lambda each: each.label not in ACCEPTABLE | DISPUTABLE)
    listed("Good and lost", wrong, lambda each: each.label in ACCEPTABLE)
    listed("Bug-revealing and not disputed", wrong, lambda each: each.label in DISPUTABLE)
    accepted = {each: verdict for each, verdict in verdicts.items() if verdict == "accepted"}
    listed("Accepted, and no mistake by its label", accepted, lambda each: each.label in NO_BAR)


def listed(
    title: str, verdicts: Mapping[Candidate, str], wanted: Callable[[Candidate], bool]
) -> None:
    """Print those verdicts that are wanted."""
    rows = {each: verdict for each, verdict in verdicts.items() if wanted(each)}
    console.print(f"\n[bold]{title}: {len(rows)}[/bold]")
    for each, verdict in rows.items():
        console.print(f"  {verdict:16} {each.label:22} {each.component}/{each.id}  ({each.why})")


def reruns(
    count: int, first: Mapping[Candidate, str], again: Callable[[], Mapping[Candidate, str]]
) -> list[str]:
    """What differs from the first judgement, over several more.

    What fails in one of fifty runs is left out: chance decides whether it is caught.
    """
    differing = []
    for number in range(1, count + 1):
        later = again()
        differing += [
            f"rerun {number}: {each.component}/{each.id}: {verdict}, then {later.get(each)}"
            for each, verdict in first.items()
            if later.get(each) != verdict and each.label != "flaky_2"
        ]
    return differing


def judge_part(chosen: Sequence[Component], count: int, bars: Bars) -> dict[Candidate, str]:
    """The corpus, judged once or several times."""
    verdicts = judged(chosen)
    console.print(confusion(verdicts))
    not_as_labelled(verdicts)
    corpus_bars(verdicts, bars)
    done = {candidate.component for candidate in verdicts}
    told = f"{len(done)} of {len(chosen)}"
    bars.add("components judged: all", told, holds=len(done) == len(chosen))
    if count:
        differing = reruns(count, verdicts, lambda: judged(chosen))
        console.print(*differing, sep="\n")
        bars.add(
            f"{count} reruns give the same verdicts",
            f"{len(differing)} differ",
            holds=not differing,
        )
    return verdicts


def filter_part(chosen: Sequence[Component], verdicts: Mapping[Candidate, str]) -> None:
    """The plain filter on the same tests."""
    kept: frozenset[Candidate] = frozenset()
    started = time.monotonic()
    for component in chosen:
        with tempfile.TemporaryDirectory() as work:
            kept |= plain_filter.kept(component, Path(work))
    console.print(f"\nA plain filter, in {time.monotonic() - started:.0f} s:")
    every = {each: "" for component in chosen for each in component.candidates}
    console.print(side_by_side(verdicts or every, kept))


def timing_part(bars: Bars) -> None:
    """Sixty candidates beside a suite of five seconds."""
    with tempfile.TemporaryDirectory() as work:
        cost = timing.measure(Path(work))
    if cost.judgement.report is None:
        console.print(f"timing: verify broke:\n{cost.judgement.output[-2000:]}")
    console.print(
        f"\n{timing.CANDIDATES} candidates, a suite of {cost.suite_s:.1f} s: verified in"
        f" {cost.judgement.seconds:.1f} s, {cost.ratio:.1f} times the suite;"
        f" one suite for each candidate is {timing.CANDIDATES} times (reckoned from the mean"
        f" of {timing.RUNS_MEASURED} runs of the suite)."
    )
    bars.add(
        f"60 candidates: under {TIMES_THE_SUITE} times the suite",
        f"{cost.ratio:.1f} times",
        holds=cost.judgement.report is not None and cost.ratio < TIMES_THE_SUITE,
    )


def engines_part(bars: Bars) -> None:
    """Mutants per second, three engines on one module."""
    with tempfile.TemporaryDirectory() as work:
        ours, *others = engines.measure(Path(work))
    table = Table("engine", "mutants", "seconds", "per second", "ours is", "note")
    for speed in (ours, *others):
        rate = speed.per_second
        ratio = ours.per_second / rate if rate and ours.per_second else None
        table.add_row(
            speed.name,
            str(speed.mutants or ""),
            f"{speed.seconds:.1f}" if speed.seconds else "",
            f"{rate:.2f}" if rate else "not measured",
            f"{ratio:.1f} times" if ratio else "",
            "" if rate else speed.note,
        )
        factor = {"mutmut": 1, "cosmic-ray": COSMIC_RAY_FACTOR}.get(speed.name)
        if factor and ratio:
            bars.add(
                f"mutants a second: {factor} times {speed.name}'s",
                f"{ratio:.1f} times",
                holds=ratio >= factor,
            )
    console.print(table)


def main() -> int:
    """Run the parts, print the bars."""
    parser = argparse.ArgumentParser(description="Measure verification on the labelled corpus.")
    parser.add_argument("components", nargs="*", help="all when left out")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--reruns", type=int, default=0, help="judge the corpus so often again")
    options = parser.parse_args()
    chosen = list(components(tuple(options.components)))
    bars, verdicts = Bars(), {}
    if "judge" in options.only:
        verdicts = judge_part(chosen, options.reruns, bars)
    if "filter" in options.only:
        filter_part(chosen, verdicts)
    if "timing" in options.only:
        timing_part(bars)
    if "engines" in options.only:
        engines_part(bars)
    table = Table("bar", "measured", "holds")
    for name, value, holds in bars.rows:
        table.add_row(name, value, "yes" if holds else "NO")
    console.print(table)
    return 0 if all(holds for *_, holds in bars.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
