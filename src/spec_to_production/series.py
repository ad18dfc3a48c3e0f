"""Runs one pair of spec and component after another, as both fronts do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from spec_to_production import engine
from spec_to_production.errors import InputError, SpecToProductionError, fault_of_ours
from spec_to_production.interrupts import Interrupted
from spec_to_production.progress import Display
from spec_to_production.results import WorkflowResult
from spec_to_production.servers import Servers
from spec_to_production.settings import Settings


class Engine(Protocol):
    """Runs the whole workflow; see :func:`spec_to_production.engine.run`."""

    def __call__(
        self,
        settings: Settings,
        start: Path,
        *,
        env: Mapping[str, str],
        display: Display,
        servers: Servers,
    ) -> WorkflowResult:
        """One run, in the checkout that ``start`` lies in."""


@dataclass(frozen=True)
class Front:
    """What is different where a person waits and where a workflow does.

    Attributes:
        display: Makes what shows a run while it goes on.
        finish: Does with a result what is to be done at once; returns its exit code.
        tell: Shows an error.
    """

    display: Callable[[], Display]
    finish: Callable[[Settings, WorkflowResult], int]
    tell: Callable[[SpecToProductionError], None]


@dataclass(frozen=True)
class Outcome:
    """What became of the pairs.

    Attributes:
        results: The result of each that came to one.
        codes: The exit code that each stands for, with or without a result.
        interrupted_by: The signal that cut a run, or kept one from its beginning.
    """

    results: tuple[WorkflowResult, ...] = ()
    codes: tuple[int, ...] = ()
    interrupted_by: int | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every pair has its result."""
        return self.interrupted_by is None and len(self.results) == len(self.codes)

    @property
    def exit_code(self) -> int:
        """The worst of all, or what stands for the signal."""
        if self.interrupted_by is not None:
            return code_of_signal(self.interrupted_by)
        return max(self.codes, default=0)


def run_each(  # noqa: PLR0917 - collaborators are passed in as arguments
    every: Sequence[Settings],
    start: Path,
    env: Mapping[str, str],
    front: Front,
    came: Sequence[int],
    run: Engine = engine.run,
) -> Outcome:
    """Run one pair after another; what is wrong with one costs the others nothing.

    Args:
        every: The settings for each pair.
        start: A folder in the checkout.
        env: The environment of this process.
        front: Shows what happens.
        came: Grows by each signal that comes while there is no run to be cut.
        run: The engine.
    """
    results: list[WorkflowResult] = []
    codes: list[int] = []

    def outcome(interrupted_by: int | None = None) -> Outcome:
        return Outcome(tuple(results), tuple(codes), interrupted_by)

    with engine.open_servers(env) as servers:
        for settings in every:
            if came:
                return outcome(came[0])
            try:
                result = run(settings, start, env=env, display=front.display(), servers=servers)
                results.append(result)
                codes.append(front.finish(settings, result))
            except SpecToProductionError as error:
                front.tell(error)
                codes.append(code_of_error(error))
            except Interrupted as interrupt:
                return outcome(interrupt.signum)
            except Exception as error:  # noqa: BLE001 - it must not cost the others either
                front.tell(fault_of_ours(error))
                codes.append(1)
            if results and results[-1].interrupted_by is not None:
                return outcome(results[-1].interrupted_by)
    return outcome()


def code_of_error(error: SpecToProductionError) -> int:
    """2 for what is wrong with the input, 1 for all else."""
    return 2 if isinstance(error, InputError) else 1


def code_of_signal(signum: int) -> int:
    """As a shell has it: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + signum
