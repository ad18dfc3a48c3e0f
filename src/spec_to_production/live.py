"""A run on a terminal while it goes on: what happened, and below it a table of the jobs."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from spec_to_production.progress import Sight
from spec_to_production.reporting import words
from spec_to_production.reporting.escape import one_line

_MOST_ROWS = 12


class LiveTable:
    """The table stands as long as there are jobs under way.

    Args:
        console: A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def line(self, text: str, job: str | None) -> None:
        """Write it above the table."""
        del job
        self._live.console.print(Text(text), soft_wrap=True)

    def jobs(self, sights: Sequence[Sight]) -> None:
        """Draw the table anew."""
        if sights:
            self._live.start()
            self._live.update(jobs_table(sights), refresh=True)
        else:
            self._live.stop()

    def ended(self, sight: Sight) -> None:
        """The next table is without it."""

    def close(self) -> None:
        """Remove the table."""
        self._live.stop()


def jobs_table(sights: Sequence[Sight]) -> RenderableType:
    """The jobs under way, those that have begun first, as many as a screen holds."""
    under_way = [sight for sight in sights if not sight.is_over]
    shown = sorted(under_way, key=lambda sight: sight.seconds is None)[:_MOST_ROWS]
    done = len(sights) - len(under_way)
    waiting = len(under_way) - len(shown)
    more = f", {waiting} more under way" if waiting else ""
    table = Table(
        "job",
        "state",
        "since",
        "tokens",
        box=box.SIMPLE_HEAD,
    )
    for sight in shown:
        table.add_row(
            Text(one_line(sight.job, 48)),
            Text(one_line(sight.state)),
            "" if sight.seconds is None else words.duration(1000 * round(sight.seconds)),
            "" if sight.seconds is None else words.tokens(sight.usage),
        )
    return Group(table, Text(f"  {done} of {words.count(len(sights), 'job')} done{more}"))
