from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.generation.budget import Budget, account
from spec_to_production.generation.capacity import Capacity
from spec_to_production.results import Job, Usage


def usage(tokens, cost=None):
    return Usage(prompt_tokens=tokens, cost_usd=cost)


def test_what_is_not_limited_is_never_crossed():
    assert Budget().crossed([usage(10**9, 1000.0)], 10**6) is None
    assert not Budget().is_limited


def test_each_limit_is_told_by_its_setting():
    spent = [usage(60, 0.5), usage(60, 0.75)]

    assert "max-tokens (100)" in Budget(tokens=100).crossed(spent, 0)
    assert "max-cost-usd (1)" in Budget(cost_usd=1).crossed(spent, 0)
    assert "total-timeout (9 s)" in Budget(seconds=9).crossed(spent, 9)
    assert Budget(tokens=121, cost_usd=1.5, seconds=10).crossed(spent, 9) is None


def test_until_a_job_has_ended_all_may_start():
    assert Budget(tokens=1).has_room([], [usage(100)])


@given(
    ended=st.lists(st.integers(1, 1000), min_size=1, max_size=5),
    working=st.lists(st.integers(0, 1000), max_size=5),
    limit=st.integers(1, 20_000),
)
def test_with_one_more_job_of_the_mean_the_limit_still_holds(ended, working, limit):
    mean = sum(ended) / len(ended)
    expected = sum(ended) + sum(max(mean, each) for each in working) + mean

    by_tokens = Budget(tokens=limit).has_room(usages(ended), usages(working))
    by_cost = Budget(cost_usd=limit).has_room(
        [usage(0, float(each)) for each in ended], [usage(0, float(each)) for each in working]
    )

    assert by_tokens == by_cost == (expected <= limit)


def usages(tokens):
    return [usage(each) for each in tokens]


def test_money_is_watched_blindly_only_when_a_price_is_missing():
    assert Budget(cost_usd=1).is_blind([usage(5, None)])
    assert not Budget(cost_usd=1).is_blind([usage(5, 0.1), usage(0, None)])
    assert not Budget(tokens=1).is_blind([usage(5, None)])


def job(id_, status, cause=None):
    return Job(
        task_id=id_,
        kind="test_generation",
        module=f"{id_}.py",
        requirement_ids=(f"FR-{id_}",),
        status=status,
        cause=cause,
        message="so it is",
    )


def test_what_failed_before_the_budget_was_used_up_does_not_count_as_done():
    jobs = [job("a", "succeeded"), job("b", "failed", "stuck"), job("c", "cancelled", "budget")]

    (problem,) = account(Budget(tokens=1), jobs)

    assert problem.message == "stopped: budget after 1/3 requirements. so it is"


def test_a_servers_refusal_counts_for_a_while():
    now = [0.0]
    capacity = Capacity(10, lambda: now[0])
    assert capacity.has_place(9)

    capacity.was_refused(4)

    assert capacity.has_place(3)
    assert not capacity.has_place(4)
    now[0] = 31
    assert capacity.has_place(4)
