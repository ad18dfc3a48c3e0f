"""Whether tests that were judged before end as they did then."""

from __future__ import annotations

from collections.abc import Sequence

from spec_to_production.results import Baseline, Verification
from spec_to_production.verification.candidates import Candidate
from spec_to_production.verification.interpreter import Interpreters
from spec_to_production.verification.runs import Run
from spec_to_production.verification.together import mixed


def end_the_same(
    pool: Interpreters,
    candidates: Sequence[Candidate],
    known: Verification,
    baseline: Baseline,
    *,
    seed: int,
    patience_s: float,
) -> bool:
    """Run what was accepted or disputed among the existing tests, all at once, in a new order.

    Accepted tests have to pass, disputed ones to fail, existing ones to end as in the baseline.
    """
    placed = {candidate.path: candidate.placed for candidate in candidates}
    ours: dict[str, bool] = {}
    files: dict[str, None] = {}
    for test in known.tests:
        path, colons, name = test.id.partition("::")
        if test.verdict != "rejected":
            ours[placed[path] + colons + name] = test.verdict == "accepted"
            files[placed[path]] = None
    existing = {test.id: test.outcome == "passed" for test in baseline.tests}
    suite = dict.fromkeys(name.partition("::")[0] for name in existing)
    order = mixed(tuple(ours), tuple(existing), seed)
    if not order:
        return True
    record = pool.run_all([Run((*suite, *files), order, patience_s=patience_s)])[0]
    ended = {name: outcome.passed for name, outcome in record.tests.items()}
    return record.ending == "finished" and ended == existing | ours
