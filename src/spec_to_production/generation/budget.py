"""What all jobs together may use, and whether one more fits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from spec_to_production.results import Job, Problem, Usage


@dataclass(frozen=True)
class Budget:
    """The limits of a run; ``None`` is no limit.

    Attributes:
        cost_usd: Most US dollars.
        tokens: Most tokens, of prompts and answers.
        seconds: Most seconds from the first submission.
    """

    cost_usd: float | None = None
    tokens: int | None = None
    seconds: float | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit at all."""
        return any(limit is not None for limit in (self.cost_usd, self.tokens, self.seconds))

    def crossed(self, usages: Collection[Usage], elapsed_s: float) -> str | None:
        """The limit that has been reached, in words, or ``None``."""
        spent = _sum(usages)
        if self.tokens is not None and _tokens(spent) >= self.tokens:
            return f"max-tokens ({self.tokens}) is used up: {_tokens(spent)}"
        if self.cost_usd is not None and (spent.cost_usd or 0) >= self.cost_usd:
            return f"max-cost-usd ({self.cost_usd:g}) is used up: {spent.cost_usd:.2f}"
        if self.seconds is not None and elapsed_s >= self.seconds:
            return f"total-timeout ({self.seconds:g} s) is over"
        return None

    def has_room(self, ended: Collection[Usage], under_way: Collection[Usage]) -> bool:
        """Whether another job can be expected to fit beside those under way.

        Each job under way has reserved what jobs have needed so far on average, or what it has
        used when that is more. Before one has ended nothing is known, and all may start.
        """
        if not ended:
            return True
        count = len(ended)
        used, working = _sum(ended), list(under_way)
        if self.tokens is not None:
            mean = _tokens(used) / count
            reserved = sum(max(mean, _tokens(usage)) for usage in working)
            if _tokens(used) + reserved + mean > self.tokens:
                return False
        if self.cost_usd is not None:
            mean = (used.cost_usd or 0) / count
            held = sum(max(mean, usage.cost_usd or 0) for usage in working)
            return (used.cost_usd or 0) + held + mean <= self.cost_usd
        return True

    def is_blind(self, usages: Collection[Usage]) -> bool:
        """Whether money is limited, but the price of what was used is not known."""
        return self.cost_usd is not None and any(
            _tokens(usage) and usage.cost_usd is None for usage in usages
        )


def account(budget: Budget, jobs: Sequence[Job]) -> list[Problem]:
    """What a reader has to know about the budget, once all jobs have ended."""
    problems = []
    if budget.is_blind([job.usage for job in jobs]):
        problems.append(
            Problem(
                stage="openhands_collection",
                message="max-cost-usd could not be enforced: the model's price is not known.",
                hint="Give max-tokens instead.",
            )
        )
    stopped = [job for job in jobs if job.cause == "budget"]
    if stopped:
        wanted = {id_ for job in jobs for id_ in job.requirement_ids}
        unanswered = [job for job in jobs if job.status != "succeeded"]
        missing = {id_ for job in unanswered for id_ in job.requirement_ids}
        problems.append(
            Problem(
                stage="openhands_collection",
                message=f"stopped: budget after {len(wanted - missing)}/{len(wanted)} "
                f"requirements. {stopped[0].message}",
                hint="Raise the limit; with cache-dir the next run pays only for what is missing.",
            )
        )
    return problems


def _sum(usages: Collection[Usage]) -> Usage:
    return sum(usages, Usage())


def _tokens(usage: Usage) -> int:
    return usage.prompt_tokens + usage.completion_tokens
