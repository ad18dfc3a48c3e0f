"""Nothing here is ever run as it was meant."""

import pytest

from records import dumps


def check_dumps_of_nothing():
    assert dumps([]) == ""


class TestWithConstructor:
    def __init__(self, kind="int"):
        self.kind = kind

    def test_kind(self):
        assert dumps([{"a": 1}]).startswith(f"a:{self.kind}")


@pytest.mark.requirement("FR-3")
@pytest.mark.parametrize("value", [])
def test_of_no_values(value):
    assert dumps([{"a": value}]) == "never"


@pytest.mark.requirement("FR-3")
def test_returns_its_check():
    return dumps([{"a": 1}]) == "something else"


@pytest.mark.requirement("FR-3")
def test_decides_to_skip():
    if dumps([]) == "":
        pytest.skip("nothing to write")
    assert dumps([]) == "x"


@pytest.mark.requirement("FR-3")
def test_fails_but_expected_so(request):
    request.applymarker(pytest.mark.xfail(reason="we know"))
    assert dumps([]) == "x"


@pytest.mark.requirement("FR-3")
@pytest.mark.usefixtures("tmp_path")
def test_needs_an_optional_library():
    pandas = pytest.importorskip("a_library_that_nobody_has")
    assert pandas.read_csv(dumps([]))
