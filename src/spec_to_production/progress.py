"""What a run tells while it goes on: what happens, how the jobs stand, and that it still lives."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from spec_to_production.reporting.escape import visible
from spec_to_production.results import Usage

SILENCE_S = 60
"""After so long without a word the run says that it goes on."""

_GLANCE_S = 1
_REDRAW_MS = 500


@dataclass(frozen=True)
class Sight:
    """How one job stands.

    Attributes:
        job: Its task's id.
        state: In words.
        seconds: Since it was submitted; ``None`` before.
        usage: What it has used so far.
        is_over: Whether nothing more will happen to it.
    """

    job: str
    state: str
    seconds: float | None = None
    usage: Usage = field(default_factory=Usage)
    is_over: bool = False


class Display(Protocol):
    """Shows a run to a person. One method is called at a time, from any thread."""

    def line(self, text: str, job: str | None) -> None:
        """Something happened, to a job or to the whole run."""

    def jobs(self, sights: Sequence[Sight]) -> None:
        """This is how all jobs stand now; there are none any more when it is empty."""

    def ended(self, sight: Sight) -> None:
        """Nothing more happens to this job."""

    def close(self) -> None:
        """Nothing more comes."""


class Lines:
    """A display that writes line after line.

    Args:
        write: Takes one whole line, without its end.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def line(self, text: str, job: str | None) -> None:
        """Write it; one about a job is like all others."""
        del job
        self._write(text)

    def jobs(self, sights: Sequence[Sight]) -> None:
        """Lines tell it already."""

    def ended(self, sight: Sight) -> None:
        """Its last line told it."""

    def close(self) -> None:
        """Nothing is held back."""


class Progress:
    """Carries what any thread tells to the display.

    Args:
        display: Where it is shown.
        now_ms: Milliseconds since the run began.
        clean: Removes from a text what nobody may read.
    """

    def __init__(
        self, display: Display, now_ms: Callable[[], float], clean: Callable[[str], str] = str
    ) -> None:
        self._display = display
        self._now_ms = now_ms
        self._clean = clean
        self._lock = threading.Lock()
        self._sights: Sequence[Sight] = ()
        self._spoke_ms = now_ms()
        self._shown_ms = float("-inf")
        self._is_over = False

    def tell(self, text: str, job: str | None = None) -> None:
        """Say what happened just now, to a job where one is named."""
        with self._lock:
            if not self._is_over:
                self._say(f"{job}: {text}" if job else text, job)

    def show(self, sights: Callable[[], Sequence[Sight]]) -> None:
        """Show how the jobs stand, as often as an eye follows."""
        with self._lock:
            if self._now_ms() - self._shown_ms >= _REDRAW_MS:
                self._shown_ms = self._now_ms()
                self._sights = sights()
                self._display.jobs(self._sights)

    def ended(self, sight: Sight) -> None:
        """Show that a job has ended."""
        with self._lock:
            self._display.ended(sight)

    def clear(self) -> None:
        """There are no jobs any more."""
        with self._lock:
            self._sights = ()
            self._display.jobs(())

    def beat(self) -> None:
        """Say that the run goes on, if nothing was said for :data:`SILENCE_S`."""
        with self._lock:
            if self._now_ms() - self._spoke_ms >= SILENCE_S * 1000:
                self._say(_sign_of_life(self._sights), None)

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Keep a run from falling silent; after the block nothing more is shown."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(_GLANCE_S):
                self.beat()

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            with self._lock:
                self._is_over = True
                self._display.close()

    def _say(self, text: str, job: str | None) -> None:
        self._spoke_ms = self._now_ms()
        # An agent's words could hold what commands a terminal.
        told = visible(self._clean(text))
        self._display.line(f"[{self._spoke_ms / 1000:6.1f} s] {told}", job)


def _sign_of_life(sights: Sequence[Sight]) -> str:
    under_way = Counter(sight.state for sight in sights if not sight.is_over)
    if not under_way:
        return "still at work"
    states = ", ".join(f"{count} {state}" for state, count in under_way.items())
    return f"still at work, jobs: {states}, {len(sights) - under_way.total()} done"
