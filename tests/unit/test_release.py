"""The offline steps of a release."""

import importlib.util
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("release", ROOT / "scripts" / "release.py")
release = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(release)

IMAGE = f"ghcr.io/Octo/Demo:v1.2.3@sha256:{'ab' * 32}"
CHANGELOG = "# Changelog\n\n## [1.2.3] - 2026-01-01\n\n- New.\n\n## [1.2.2]\n\n- Old.\n"


def test_a_released_action_runs_the_image_by_its_digest():
    action = (ROOT / "action.yml").read_text()
    before, after = yaml.safe_load(action), yaml.safe_load(release.pin(IMAGE, action))

    assert after["runs"]["image"] == f"docker://ghcr.io/octo/demo:v1.2.3@sha256:{'ab' * 32}"
    assert {**after, "runs": None} == {**before, "runs": None}


@pytest.mark.parametrize("image", ["ghcr.io/o/d:v1.2.3", "ghcr.io/o/d@sha256:ab", "x; rm"])
def test_an_image_without_a_digest_is_refused(image):
    with pytest.raises(release.ReleaseError, match="digest"):
        release.pin(image, "  image: Dockerfile\n")


def test_an_action_that_is_pinned_already_is_refused():
    action = (ROOT / "action.yml").read_text()

    with pytest.raises(release.ReleaseError, match="no line"):
        release.pin(IMAGE, release.pin(IMAGE, action))


def test_the_notes_are_the_versions_own_section():
    assert release.notes("1.2.3", CHANGELOG) == "- New.\n"
    assert release.notes("1.2.2", CHANGELOG) == "- Old.\n"


def test_a_version_that_the_changelog_does_not_tell_is_refused():
    with pytest.raises(release.ReleaseError, match=r"1\.2\.4"):
        release.notes("1.2.4", CHANGELOG)


@pytest.mark.parametrize(
    ("version", "package", "why"),
    [
        ("v1.2.3", '__version__ = "1.2.3"', "form"),
        ("1.2.3", '__version__ = "1.2.2"', "does not say"),
        ("1.2.4", '__version__ = "1.2.4"', "tells nothing"),
    ],
)
def test_a_release_that_does_not_fit_is_refused(version, package, why):
    with pytest.raises(release.ReleaseError, match=why):
        release.check(version, package, CHANGELOG)


def test_a_release_that_fits_is_taken():
    release.check("1.2.3", '__version__ = "1.2.3"', CHANGELOG)
