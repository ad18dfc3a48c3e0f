"""A stand-in for OpenHands that keeps state: conversations move on each time they are looked at.

It is for scheduling and bookkeeping; what the real agent server does is tested on the real one.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from spec_to_production.errors import OpenHandsError
from spec_to_production.openhands.interface import Assignment, Failure, State
from spec_to_production.results import Usage


@dataclass
class Script:
    """What one conversation does: statuses seen one after another, and files it leaves.

    A status may be an exception, raised at that look, or ``None``: the conversation is gone.
    After the last one it stays there. ``replies`` are the scripts for further messages.
    """

    statuses: list[str | Exception | None] = field(default_factory=lambda: ["running", "finished"])
    files: Mapping[str, str] = field(default_factory=dict)
    failure: Failure = field(default_factory=lambda: Failure("unknown", "it broke"))
    replies: list[Script] = field(default_factory=list)
    create_error: Exception | None = None
    usage: Usage = field(default_factory=lambda: Usage(prompt_tokens=10, completion_tokens=1))


class StandInOpenHands:
    """Implements the interface; scripts are found by a text in the prompt."""

    version = "stand-in"

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        self._scripts = scripts
        self._lock = threading.Lock()
        self.running: dict[UUID, Script] = {}
        self.files: dict[UUID, dict[str, str]] = {}
        self.most_at_once = 0
        self._at_work: set[UUID] = set()
        self.messages: list[str] = []
        self.created: list[str] = []
        self.interrupted: list[UUID] = []
        self.deleted: list[UUID] = []

    def wait_until_ready(self) -> None:
        pass

    def create(self, assignment: Assignment, base: Path) -> None:
        name, script = next(
            (name, script)
            for name, script in self._scripts.items()
            if f"<{name}>" in assignment.prompt
        )
        if script.create_error is not None:
            raise script.create_error
        with self._lock:
            self.created.append(name)
            self.running[assignment.conversation_id] = script
            self.files[assignment.conversation_id] = dict(script.files)
            self._at_work.add(assignment.conversation_id)
            self.most_at_once = max(self.most_at_once, len(self._at_work))

    def attach(self, conversation: UUID, base: Path) -> bool:
        return conversation in self.running

    def states(self, conversations: Sequence[UUID]) -> Mapping[UUID, State | None]:
        return {conversation: self._next(conversation) for conversation in conversations}

    def _next(self, conversation: UUID) -> State | None:
        script = self.running.get(conversation)
        if script is None:
            return None
        status = script.statuses[0]
        if len(script.statuses) > 1:
            del script.statuses[0]
        if isinstance(status, Exception):
            raise status
        if status not in {"idle", "running", "unknown"}:
            self._at_work.discard(conversation)
        if status is None:
            return None
        return State(status, script.usage)

    def say(self, conversation: UUID, text: str) -> None:
        self.messages.append(text)
        replies = self.running[conversation].replies
        if not replies:
            raise OpenHandsError("nothing was expected to be said")
        script = replies.pop(0)
        self.running[conversation] = script
        self.files[conversation].update(script.files)

    def interrupt(self, conversation: UUID) -> None:
        self.interrupted.append(conversation)

    def failure(self, conversation: UUID) -> Failure:
        return self.running[conversation].failure

    def patch(self, conversation: UUID) -> str:
        return "".join(new_file(path, text) for path, text in self.files[conversation].items())

    def trajectory(self, conversation: UUID) -> str:
        return "".join(f'{{"message": "{message}"}}\n' for message in self.messages)

    def delete(self, conversation: UUID) -> None:
        self.deleted.append(conversation)
        with self._lock:
            self.running.pop(conversation)

    def close(self) -> None:
        self.running.clear()


def new_file(path: str, text: str, mode: str = "100644") -> str:
    """A git patch that adds one file."""
    lines = text.splitlines()
    body = "".join(f"+{line}\n" for line in lines)
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{body}"
    )
