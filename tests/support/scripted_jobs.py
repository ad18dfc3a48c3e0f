"""Tasks, what their agents do by a script, and what a judge says of it."""

from spec_to_production.openhands.interface import Failure
from spec_to_production.results import Task, TestVerdict, Usage
from support.openhands import Script

TEST = "def test_it():\n    assert True\n"


def task(name):
    return Task(
        id=name,
        kind="test_generation",
        module=f"src/calc/{name}.py",
        requirement_ids=("FR-1",),
        prompt=f"task <{name}>",
        output_path=f"tests/test_{name}_spec.py",
        priority=1,
        content_key=name,
    )


def done(name, **more):
    return Script(files={f"tests/test_{name}_spec.py": TEST}, **more)


def failing(cause, **more):
    return Script(statuses=["error"], failure=Failure(cause, "so it is"), usage=Usage(), **more)


class Clock:
    """Each time it is asked, some time has passed: no pause takes any real time."""

    def __init__(self, step=0.01):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def verdict(name, result, path="tests/test_a_spec.py"):
    return TestVerdict(
        id=f"{path}::{name}", verdict=result, reason="fails" if result == "rejected" else None
    )
