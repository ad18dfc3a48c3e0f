"""Values that null implementations return and mutants return instead of the real ones."""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import enum
import fractions
import os
import types
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any, Self

_DEPTH = 3
_BUILT_IN = {"builtins", "itertools", "collections", "_collections"}


class NullImplementationCalled(BaseException):
    """Raised by the raising null; no ``except Exception`` of a test swallows it."""


class Permissive:
    """A value that goes along with nearly everything and equals nothing but itself."""

    def __init__(self, *, truth: bool) -> None:
        self._truth = truth

    def __repr__(self) -> str:
        return "<null>"

    def __bool__(self) -> bool:
        return self._truth

    def __int__(self) -> int:
        return int(self._truth)

    __index__ = __len__ = __round__ = __trunc__ = __int__

    def __float__(self) -> float:
        return float(self._truth)

    def __iter__(self) -> Iterator[Permissive]:
        return iter([self] * self._truth)

    def __next__(self) -> Permissive:
        raise StopIteration

    async def __anext__(self) -> Permissive:
        raise StopAsyncIteration

    def __aiter__(self) -> Permissive:
        return self

    def __await__(self) -> Generator[Any, Any, Permissive]:
        return self
        yield

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def _self(self, *_: object, **__: object) -> Permissive:
        return self

    __call__ = __getitem__ = __enter__ = _self
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __pow__ = _self
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = _self
    __and__ = __or__ = __xor__ = __lshift__ = __rshift__ = __divmod__ = __matmul__ = _self
    __rand__ = __ror__ = __rxor__ = __neg__ = __pos__ = __abs__ = __invert__ = _self

    def __getattr__(self, name: str) -> Permissive:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setitem__(self, key: object, value: object) -> None:
        """Take it and forget it."""

    def __delitem__(self, key: object) -> None:
        """Nothing was kept."""

    def __contains__(self, item: object) -> bool:
        return self._truth

    def _always(self, _: object) -> bool:
        return True

    __lt__ = __le__ = __gt__ = __ge__ = _always


TRUTHY = Permissive(truth=True)
FALSY = Permissive(truth=False)

kind = os.environ.get("SPEC_TO_PRODUCTION_NULL", "")
"""Which null stands in for the component's functions now: ``truthy``, ``falsy``, ``raising`` or
none. It is set when collection is over, so that calls at import time get real values."""


def stand_in(null: str) -> None:
    """Switch the null implementations on, in the processes that a test starts too."""
    global kind  # noqa: PLW0603 - the switch of the whole process
    kind = os.environ["SPEC_TO_PRODUCTION_NULL"] = null


def null() -> Permissive:
    """What a null implementation does when it is called."""
    if kind == "raising":
        raise NullImplementationCalled
    return TRUTHY if kind == "truthy" else FALSY


def nulls() -> Iterator[Permissive]:
    """What a null generator does."""
    yield from null()


def altered(value: Any, depth: int = _DEPTH) -> Any:  # noqa: ANN401, PLR0911
    """Another value of the same type; the same value when none is known.

    Stands for a wrong result that a check of the type alone does not notice.
    """
    if value is None:
        return TRUTHY
    if value is NotImplemented:
        return True  # what was left to the other side of a comparison is answered
    if isinstance(value, bool):
        return not value
    if isinstance(value, enum.auto):
        return _Another()
    if isinstance(value, enum.Enum):
        return next((member for member in type(value) if member is not value), value)
    if isinstance(value, dt.timedelta | dt.date):
        return value + dt.timedelta(days=1)
    if isinstance(value, int | float | complex | decimal.Decimal | fractions.Fraction):
        return value + 1
    if isinstance(value, str):
        return value + "~"
    if isinstance(value, bytes):
        return value + b"~"
    return _altered_inside(value, depth) if depth else value


class _Another(enum.auto):
    """A member's value as its enumeration would have chosen it, altered."""

    @property
    def value(self) -> Any:  # noqa: ANN401
        return self._value

    @value.setter
    def value(self, chosen: Any) -> None:  # noqa: ANN401
        is_open = not isinstance(chosen, int | str)
        self._value = chosen if is_open else altered(chosen)


def _altered_inside(value: Any, depth: int) -> Any:  # noqa: ANN401, PLR0911
    if isinstance(value, dict):
        other = {key: altered(item, depth - 1) for key, item in value.items()}
        return other or {TRUTHY: TRUTHY}
    if isinstance(value, list | tuple):
        items = [altered(item, depth - 1) for item in value]
        if isinstance(value, list):
            return items or [TRUTHY]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items) or (TRUTHY,)
    if isinstance(value, set | frozenset):
        return type(value)(list(value)[1:] or [TRUTHY])
    if _is_iterator(value):
        return _altered_items(value, depth)
    held = _held(value)
    if type(value).__module__ == "builtins" or not (held or hasattr(value, "__dict__")):
        return value
    try:
        twin = copy.copy(value)
    except Exception:  # noqa: BLE001 - as an open file, it cannot be had twice
        return value
    if twin is value:
        return value  # there is one only, which others hold too
    for name, item in held.items():
        object.__setattr__(twin, name, altered(item, depth - 1))
    return twin


def _held(value: Any) -> dict[str, Any]:  # noqa: ANN401
    """What an object holds in its attributes, those that have a slot included."""
    return dict(_in_slots(value)) | getattr(value, "__dict__", {})


def _in_slots(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    for kind in type(value).__mro__:
        for name, slot in vars(kind).items():
            if "__slots__" in vars(kind) and isinstance(slot, types.MemberDescriptorType):
                with suppress(AttributeError):  # nothing was put there
                    yield name, slot.__get__(value)


def _is_iterator(value: Any) -> bool:  # noqa: ANN401
    """Whether a value gives items and is nothing else, as a file would be."""
    return isinstance(value, Iterator) and type(value).__module__ in _BUILT_IN


def _altered_items(items: Iterator[Any], depth: int) -> Iterator[Any]:
    is_empty = True
    for item in items:
        is_empty = False
        yield altered(item, depth - 1)
    if is_empty:
        yield TRUTHY


def emptied(value: Any) -> Any:  # noqa: ANN401
    """The zero or empty value of the same type; the same value when there is none."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float | str | bytes | list | tuple | dict | set | frozenset):
        if hasattr(value, "_fields") or isinstance(value, enum.Enum):
            return value
        return type(value)()
    return iter(()) if _is_iterator(value) else value


def negated(value: Any) -> Any:  # noqa: ANN401
    """The number on the other side of zero; the same value when it is no number."""
    if isinstance(value, int | float | decimal.Decimal | fractions.Fraction) and not isinstance(
        value, bool
    ):
        return -value - 1
    return value
