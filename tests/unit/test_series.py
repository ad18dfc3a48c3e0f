"""One pair after another: what is wrong with one costs the others nothing."""

import pytest

from spec_to_production.errors import ComponentError
from spec_to_production.progress import Lines
from spec_to_production.series import Front, run_each
from spec_to_production.settings import Settings
from support.results import make_result

RESULT = make_result()
SPECS = ("a.md", "b.md", "c.md")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ComponentError("no component"), 2, "no component"),
        (FileNotFoundError(2, "No such file", "gone.py"), 1, "gone.py"),
    ],
)
def test_what_is_wrong_with_one_costs_the_others_nothing(tmp_path, error, code, said):
    asked, told = [], []

    def run(settings, start, *, env, display, servers):
        asked.append(settings.spec)
        if settings.spec == "b.md":
            raise error
        return RESULT

    front = Front(lambda: Lines(print), lambda settings, result: 0, told.append)
    every = [Settings(spec=spec, component="src/x") for spec in SPECS]

    outcome = run_each(every, tmp_path, {}, front, [], run)

    assert tuple(asked) == SPECS
    assert (len(outcome.results), outcome.codes) == (2, (0, code, 0))
    assert said in str(told[0])
    assert not outcome.is_complete
