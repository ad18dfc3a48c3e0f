"""The agent servers of a run with several pairs of spec and component: started once for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from spec_to_production import backend
from spec_to_production.openhands import Fleet
from spec_to_production.settings import Settings


class Servers:
    """Starts agent servers when they are first needed, and keeps them.

    Args:
        folder: For the files of a server on this machine; other users may pass through it.
        env: The environment of this process.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = env
        self._fleet: Fleet | None = None
        self._tell: Callable[[str], None] = print

    def fleet(self, settings: Settings, kept: Path | None, tell: Callable[[str], None]) -> Fleet:
        """The servers that the settings name; what they have to say goes to the last ``tell``.

        ``kept`` is the folder that is kept between runs, if there is one.
        """
        self._tell = tell
        if self._fleet is None:
            self._fleet = backend.start(settings, self._folder, self._env, kept, self._pass_on)
        return self._fleet

    def _pass_on(self, line: str) -> None:
        self._tell(line)

    def close(self) -> None:
        """Close what was started; may be called twice."""
        if self._fleet is not None:
            self._fleet.close()
