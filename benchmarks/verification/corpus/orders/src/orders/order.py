"""An order and the moves that it may make."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


class State(enum.StrEnum):
    """Where an order is in its life."""

    DRAFT = "draft"
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return not MOVES[self]


MOVES: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.PLACED, State.CANCELLED}),
    State.PLACED: frozenset({State.PAID, State.CANCELLED}),
    State.PAID: frozenset({State.SHIPPED, State.REFUNDED}),
    State.SHIPPED: frozenset({State.DELIVERED, State.REFUNDED}),
    State.DELIVERED: frozenset({State.REFUNDED}),
    State.CANCELLED: frozenset(),
    State.REFUNDED: frozenset(),
}


class IllegalMove(Exception):
    """A move that the present state does not allow."""

    def __init__(self, now: State, wanted: State) -> None:
        super().__init__(f"{now} cannot become {wanted}")
        self.now = now
        self.wanted = wanted


@dataclass(frozen=True)
class Event:
    """A move and its time."""

    state: State
    at: datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Order:
    """What somebody buys."""

    number: int
    lines: dict[str, int] = field(default_factory=dict)
    state: State = State.DRAFT
    clock: Callable[[], datetime] = field(default=_now, compare=False, repr=False)
    _history: list[Event] = field(default_factory=list)

    def add(self, article: str, quantity: int = 1) -> None:
        """Put an article into the cart."""
        if self.state is not State.DRAFT:
            raise ValueError(f"order {self.number} is {self.state}: its lines are fixed")
        if quantity < 1:
            raise ValueError(f"at least one of {article} is ordered: {quantity}")
        self.lines[article] = self.lines.get(article, 0) + quantity

    def move(self, wanted: State) -> None:
        """Go to another state.

        Raises:
            IllegalMove: That does not follow the present state.
            ValueError: An order without lines was to be placed.
        """
        if wanted not in MOVES[self.state]:
            raise IllegalMove(self.state, wanted)
        if wanted is State.PLACED and not self.lines:
            raise ValueError(f"order {self.number} has no lines")
        self.state = wanted
        self._history.append(Event(wanted, self.clock()))

    @property
    def history(self) -> tuple[Event, ...]:
        """The moves so far, the first one first."""
        return tuple(self._history)
