"""The offline steps of a release."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("release", ROOT / "scripts" / "release.py")
release = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(release)

IMAGE = f"ghcr.io/Octo/Demo:v1.2.3@sha256:{'ab' * 32}"
CHANGELOG = """# Changelog

## [1.2.3] - 2026-01-01

- New.

## [1.2.2]

- Old.

## [1.1.10]

- Older.
"""


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
        ("1.2.1", '__version__ = "1.2.1"', "exists"),
    ],
)
def test_a_release_that_does_not_fit_is_refused(version, package, why):
    with pytest.raises(release.ReleaseError, match=why):
        release.check(version, package, CHANGELOG, ["v1.2.1"])


def test_a_release_that_fits_is_taken():
    release.check("1.2.3", '__version__ = "1.2.3"', CHANGELOG, ["v1.2.2", "v1"])


GH = """#!/bin/sh
echo "$*" >> {told}
case "$2" in
create) [ ! -e {told}.refuse ] && touch {told}.released ;;
view) [ -e {told}.released ] ;;
esac
"""


class Repository:
    """A clone of a repository that a release is made of, and what the step said to GitHub."""

    def __init__(self, folder):
        self.origin, self.clone, self.told = folder / "origin", folder / "clone", folder / "told"
        self.env = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "RUNNER_TEMP": str(folder),
            "GITHUB_REPOSITORY": "Octo/Demo",
        }
        (folder / "gh").write_text(GH.format(told=self.told))
        (folder / "gh").chmod(0o755)
        (self.clone / "scripts").mkdir(parents=True)
        for name in ("action.yml", "scripts/release.py"):
            (self.clone / name).write_text((ROOT / name).read_text())
        (self.clone / "CHANGELOG.md").write_text(CHANGELOG)
        self.git("init", "--quiet", "--bare", self.origin)
        self.git("init", "--quiet")
        self.git("remote", "add", "origin", self.origin)
        self.git("add", ".")
        self.git("-c", "user.name=o", "-c", "user.email=o@localhost", "commit", "--message=one")
        self.main = self.tag("HEAD")

    def git(self, *arguments):
        command = ["git", *arguments]
        done = subprocess.run(
            command, cwd=self.clone, env=self.env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def release(self, version, digest):
        """Run the workflow's own step as a runner does: on main, with the tags of the origin."""
        self.git("checkout", "--quiet", "--detach", self.main)
        for tag in self.git("tag").split():
            self.git("tag", "--delete", tag)
        self.git("fetch", "--quiet", "--tags")
        jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
        command = ["bash", "-e", "-c", jobs["release"]["steps"][-1]["run"]]
        env = {**self.env, "VERSION": version, "DIGEST": f"sha256:{digest * 64}"}
        done = subprocess.run(command, cwd=self.clone, env=env, capture_output=True, check=False)
        self.git("fetch", "--quiet", "--tags", "--force")
        return done.returncode

    def tag(self, name):
        return self.git("rev-parse", name)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_a_release_is_a_commit_of_its_own_that_runs_the_image_by_its_digest(repository):
    assert repository.release("1.2.3", "a") == 0

    released = repository.git("show", "v1.2.3:action.yml")
    assert yaml.safe_load(released)["runs"]["image"].endswith(f"v1.2.3@sha256:{'a' * 64}")
    assert repository.tag("v1.2.3~") == repository.main
    assert "release create v1.2.3 --verify-tag" in repository.told.read_text()


def test_the_major_version_moves_and_the_version_does_not(repository):
    repository.release("1.2.2", "a")
    before = repository.tag("v1.2.2")
    repository.release("1.2.3", "b")

    assert repository.tag("v1.2.2") == before
    assert repository.tag("v1") == repository.tag("v1.2.3") != before


def test_the_major_version_does_not_move_back_to_an_older_line(repository):
    repository.release("1.2.3", "a")
    assert repository.release("1.1.10", "b") == 0

    assert repository.tag("v1") == repository.tag("v1.2.3") != repository.tag("v1.1.10")


def test_a_release_that_stopped_half_way_goes_on_when_its_job_is_run_again(repository):
    refuse = repository.told.with_suffix(".refuse")
    refuse.touch()
    assert repository.release("1.2.3", "a") != 0
    tagged = repository.tag("v1.2.3")
    refuse.unlink()

    assert repository.release("1.2.3", "a") == 0
    assert repository.tag("v1") == repository.tag("v1.2.3") == tagged


def test_a_release_that_is_there_is_not_made_again(repository):
    repository.release("1.2.3", "a")

    assert repository.release("1.2.3", "a") == 0
    assert repository.told.read_text().count("release create") == 1


def test_a_version_is_not_released_with_another_image(repository):
    repository.release("1.2.3", "a")
    before = repository.tag("v1.2.3")

    assert repository.release("1.2.3", "b") != 0
    assert repository.tag("v1.2.3") == repository.tag("v1") == before
