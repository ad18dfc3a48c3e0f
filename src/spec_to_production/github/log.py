"""A run in a workflow's log while it goes on: one group a job, once all of it is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from spec_to_production.github import commands
from spec_to_production.progress import Sight


class Log:
    """What is told about a job is held back until that has ended: groups cannot interleave."""

    def __init__(self) -> None:
        self._held: dict[str, list[str]] = defaultdict(list)
        self._over: set[str] = set()

    def line(self, text: str, job: str | None) -> None:
        """Print what concerns the whole run; hold what concerns a job under way."""
        if job is None or job in self._over:
            commands.say(text)
        else:
            self._held[job].append(text)

    def jobs(self, sights: Sequence[Sight]) -> None:
        """A log cannot be drawn anew."""

    def ended(self, sight: Sight) -> None:
        """Print the job's group."""
        self._print(sight.job, f"{sight.job}: {sight.state}")

    def close(self) -> None:
        """Print what is still held, of jobs that came to no end."""
        for job in list(self._held):
            self._print(job, job)

    def _print(self, job: str, title: str) -> None:
        self._over.add(job)
        with commands.group(title):
            for line in self._held.pop(job, []):
                commands.say(line)
