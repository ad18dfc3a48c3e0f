"""A calculator that remembers: a current value, one memory cell and a history."""
from calculator.operations import CalculatorError, add, subtract, multiply, divide
from typing import Callable, Dict, List, Optional, Tuple
import operator


OPERATIONS: Dict[str, Callable[[float, float], float]] = {"+": add, "-": subtract, "*": multiply, "/": divide}


class Calculator:
    """One user's session; it starts at zero."""

    def __init__(self, history_limit: int = 100) -> None:
        self.value: float = 0
        self._memory: Optional[float] = None
        self._history: List[Tuple[str, float]] = []
        self._before: List[float] = []
        self._history_limit = history_limit

    def apply(self, symbol: str, operand: float) -> float:
        """Calculate with the current value and return the new one."""
        if not symbol in OPERATIONS:
            raise CalculatorError(f"unknown operation {symbol!r}")
        result = OPERATIONS[symbol](self.value, operand)
        self._before.append(self.value)
        self._history.append((f"{self.value:g} {symbol} {operand:g}", result))
        if len(self._history) > self._history_limit:
            del self._history[0]
            del self._before[0]
        self.value = result
        return result

    def clear(self) -> None:
        """Go back to zero; memory and history stay."""
        self.value = 0

    @property
    def history(self) -> List[Tuple[str, float]]:
        """What was calculated, oldest first, as (expression, result)."""
        return list(self._history)

    def undo(self) -> float:
        """Take the last calculation back and return the value from before it."""
        if not self._before:
            raise CalculatorError('nothing to undo')
        self._history.pop()
        self.value = self._before.pop()
        return self.value

    def memory_store(self) -> None:
        """Put the current value into the memory cell."""
        self._memory = self.value

    def memory_add(self) -> None:
        """Add the current value to the memory cell."""
        if self._memory is None:
            self._memory = self.value
        else:
            self._memory = add(self._memory, self.value)

    def memory_recall(self) -> float:
        """Make the memory cell's content the current value and return it."""
        if self._memory is None:
            raise CalculatorError("the memory is empty")
        self.value = self._memory
        return self.value

    def memory_clear(self) -> None:
        """Empty the memory cell."""
        self._memory = None
