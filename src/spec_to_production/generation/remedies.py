"""What is done about a failure, by its cause."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto
from http import HTTPStatus

from spec_to_production.errors import (
    ApiError,
    KeyRefusedError,
    OpenHandsError,
    ServerLostError,
    ServerStartError,
)
from spec_to_production.openhands.client import LateAnswerError
from spec_to_production.openhands.interface import Failure
from spec_to_production.results import FailureCause, JobStatus

MOST_ATTEMPTS = 3
"""How often a job is sent again after failures that may pass."""

_FIRST_PAUSE_S = 2.0
_GROWTH = 4
_KEY_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class Remedy(Enum):
    """What helps against a failure.

    Attributes:
        NONE: Nothing; it is this job's own.
        GO_ON: The same conversation goes on after a pause.
        ANEW: Another conversation, after a pause.
        STOP: Nothing: whatever is sent will fail in the same way.
    """

    NONE = auto()
    GO_ON = auto()
    ANEW = auto()
    STOP = auto()


_REMEDIES: Mapping[FailureCause, Remedy] = {
    "rate_limit": Remedy.GO_ON,
    "transient": Remedy.GO_ON,
    "server_lost": Remedy.ANEW,
    "auth": Remedy.STOP,
    "quota": Remedy.STOP,
    "budget": Remedy.STOP,
    "configuration": Remedy.STOP,
}

_STATUSES: Mapping[FailureCause, JobStatus] = {"budget": "cancelled", "deadline": "timed_out"}

_HINTS: Mapping[FailureCause, str] = {
    "auth": "Check llm-api-key: the model's provider does not accept it.",
    "quota": "The account at the model's provider is used up: raise its limit, or name another "
    "model.",
    "budget": "Raise max-tokens or max-cost-usd.",
    "rate_limit": "Lower max-parallel-jobs, or ask the model's provider for a higher rate.",
    "configuration": "Check llm-model and llm-base-url.",
    "transient": "Run again later, or check llm-base-url: the model's provider was not available.",
    "stuck": "A stronger model or a clearer requirement helps.",
    "max_iterations": "Raise max-iterations, or split the module.",
    "deadline": "Raise job-timeout, or split the module.",
    "server_lost": "The agent server went away; its log and the machine's memory tell why.",
}


def remedy(cause: FailureCause, *, model_has_answered: bool) -> Remedy:
    """What is done about a failure of this cause.

    A model that has answered in this run is configured: then a refusal is about one job's
    request, and the others go on.
    """
    if cause == "configuration" and model_has_answered:
        return Remedy.NONE
    return _REMEDIES.get(cause, Remedy.NONE)


def status(cause: FailureCause) -> JobStatus:
    """How a job ends that is given up for this cause."""
    return _STATUSES.get(cause, "failed")


def advise(failure: Failure) -> Failure:
    """The same failure, with what the reader can do."""
    return replace(failure, hint=_HINTS.get(failure.cause, ""))


def pause(attempt: int) -> float:
    """Seconds before the given attempt (1, 2, …); jobs that failed together come back apart."""
    return float(_FIRST_PAUSE_S * _GROWTH ** (attempt - 1) * random.uniform(0.75, 1.25))  # noqa: S311


def cause_of(error: OpenHandsError) -> FailureCause:
    """The cause of a request that failed."""
    match error:
        case KeyRefusedError():
            return "auth"
        case ServerLostError() | ServerStartError():
            return "server_lost"
        case ApiError(status=status) if status in _KEY_REFUSED:
            return "auth"
        case LateAnswerError():
            return "transient"
        case ApiError(status=status) if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return "transient"
        case _:
            return "unknown"


def is_full(error: OpenHandsError) -> bool:
    """Whether the server only has no room now: that is no failure."""
    return isinstance(error, ApiError) and error.status == HTTPStatus.TOO_MANY_REQUESTS


def shut_out(for_s: float) -> Failure:
    """What to say of a server that was full for so many seconds in which it had no job of ours."""
    return Failure(
        "deadline",
        f"The agent server had no room for a job within {for_s:g} s (job-timeout). Who else uses "
        "it? Its OH_MAX_CONCURRENT_RUNS is how many conversations it takes.",
    )
