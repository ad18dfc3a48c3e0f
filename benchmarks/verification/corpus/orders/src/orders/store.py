"""Orders on disk."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from orders.order import Event, Order, State


class Store:
    """One JSON file for each order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, order: Order) -> Path:
        """Write an order, replacing its file as a whole."""
        text = json.dumps(
            {
                "number": order.number,
                "lines": order.lines,
                "state": order.state,
                "history": [[event.state, event.at.isoformat()] for event in order.history],
            }
        )
        path = self._path(order.number)
        draft = path.with_suffix(".tmp")
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
        return path

    def load(self, number: int) -> Order:
        """Read an order; ``KeyError`` when there is none of that number."""
        try:
            data = json.loads(self._path(number).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise KeyError(number) from None
        history = [
            Event(State(state), datetime.fromisoformat(at)) for state, at in data["history"]
        ]
        return Order(data["number"], data["lines"], State(data["state"]), _history=history)

    def numbers(self) -> list[int]:
        """The numbers of all orders, ascending."""
        return sorted(int(path.stem) for path in self.folder.glob("*.json"))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}.json"
