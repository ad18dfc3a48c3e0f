import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.generation.schedule import in_order, until_next_look
from spec_to_production.results import Module, Task


def task(name, priority):
    return Task(
        id=name,
        kind="test_generation",
        module=f"{name}.py",
        requirement_ids=("FR-1",),
        prompt="",
        output_path=f"test_{name}.py",
        priority=priority,
        content_key=name,
    )


@pytest.fixture
def sized(component):
    lengths = {"a": 10, "b": 30, "c": 20}
    modules = tuple(Module(path=f"{n}.py", name=n, lines=lines) for n, lines in lengths.items())
    return component.model_copy(update={"modules": modules})


def order(tasks, component, seconds=()):
    return [task.id for task in in_order(tasks, component, dict(seconds))]


def test_a_high_priority_goes_before_any_size(sized):
    assert order([task("b", 11), task("a", 100)], sized) == ["a", "b"]


def test_in_a_class_the_longest_module_goes_first(sized):
    tasks = [task("a", 110), task("b", 100), task("c", 200)]

    assert order(tasks, sized) == ["b", "c", "a"]


def test_what_was_measured_counts_more_than_the_length(sized):
    tasks = [task("a", 100), task("b", 100), task("c", 100)]

    # 2 s for 40 lines: the one never measured is expected to take 1 s.
    assert order(tasks, sized, {"a": 1.9, "b": 0.1}.items()) == ["a", "c", "b"]


@given(
    ages=st.lists(st.floats(0, 10_000), min_size=1),
    most=st.floats(0.1, 60),
)
def test_an_end_is_noticed_within_a_second_or_two_percent_of_the_duration(ages, most):
    pause = until_next_look(ages, most)

    assert pause <= most
    for age in ages:
        assert pause <= max(1, 0.02 * (age + pause))


def test_long_jobs_are_not_looked_at_all_the_time():
    assert until_next_look([1_000], 60) == 10
    assert until_next_look([1_000, 3], 60) == 0.5
