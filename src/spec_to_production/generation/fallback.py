"""The model in use, and those to go on with when it is out of quota."""

from __future__ import annotations

from collections.abc import Sequence

from spec_to_production.openhands.interface import Model


class Models:
    """A list that is gone through once; each is used until it is given up.

    Args:
        models: The first choice first.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        self._left = list(models)
        self.given_up: list[str] = []

    @property
    def current(self) -> Model:
        """The one that conversations begin with now."""
        return self._left[0]

    def give_up(self, name: str) -> bool:
        """Leave a model; ``False`` when there is no other. Several jobs may say the same."""
        if name != self.current.name:
            return True
        if len(self._left) == 1:
            return False
        self.given_up.append(self._left.pop(0).name)
        return True
