"""What a run knows from earlier ones: answers, what was under way, times and disputes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from spec_to_production import own_folder
from spec_to_production.generation.cache import Cache
from spec_to_production.generation.disputes import Disputes
from spec_to_production.generation.durations import Durations
from spec_to_production.generation.journal import Journal
from spec_to_production.results import GeneratedFile, Task, WorkflowResult


class Memory:
    """The folder that a user keeps between runs.

    Args:
        folder: Made when there is something to keep.
        tell: Takes a line about what cannot be used.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._cache = Cache(folder, tell)

    def answers(self, tasks: Sequence[Task]) -> dict[str, tuple[GeneratedFile, ...]]:
        """The files of tasks that were answered before, by the tasks' ids."""
        found = {task.id: self._cache.find(task) for task in tasks}
        return {task_id: files for task_id, files in found.items() if files}

    def keep(self, task: Task, files: Sequence[GeneratedFile]) -> None:
        """Keep an answer."""
        self._cache.keep(task, files)

    def journal(self, tasks: Sequence[Task], commit: str, *, resume: bool) -> Journal:
        """The journal of these tasks on this commit; without ``resume`` it begins anew."""
        self._hide()
        return Journal.open(self._folder / "journals", tasks, commit, self._tell, resume=resume)

    def learn(self, result: WorkflowResult) -> None:
        """Keep how long the jobs of this run took, and which requirements it found disputed.

        Raises:
            OSError: It cannot be written.
        """
        Durations.read(self._folder).learn(result.jobs).write(self._folder)
        Disputes.read(self._folder).learn(result).write(self._folder)

    def _hide(self) -> None:
        """Keep a folder of ours out of git, and so out of the copies that agents get."""
        with contextlib.suppress(OSError):
            own_folder.make(self._folder)
