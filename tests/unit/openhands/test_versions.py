import pytest

from spec_to_production.errors import ServerStartError
from spec_to_production.openhands.installation import pinned_version
from spec_to_production.openhands.versions import check


@pytest.mark.parametrize("version", ["1.33.9", "1.4.0", "0.62"])
def test_a_server_that_is_too_old_is_refused_with_both_versions(version):
    with pytest.raises(ServerStartError, match=f"version {version}; .* 1.34 and newer"):
        check(version, print)


@pytest.mark.parametrize("version", ["1.99.0", "2.0", "main-4f1c9a2", "unknown"])
def test_a_server_that_was_never_tried_is_named_and_used(version):
    told = []
    check(version, told.append)
    assert f"version {version}; this tool was tried with 1.34 to" in told[0]


@pytest.mark.parametrize("version", ["1.34.0", "1.57.3", pinned_version()])
def test_a_server_that_was_tried_needs_no_word(version):
    told = []
    check(version, told.append)
    assert told == []
