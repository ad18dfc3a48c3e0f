"""What the release workflow builds and publishes, with a registry on loopback for GitHub's."""

import json
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from support import buildkit, go
from support.container import ROOT, base

pytestmark = pytest.mark.e2e

MACHINE = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}
FLAGS = {
    "target": "target",
    "labels": "label",
    "tags": "tag",
    "provenance": "provenance",
}
"""Inputs of docker/build-push-action, and the options of buildx that it makes of them."""


@dataclass(frozen=True)
class Published:
    """An image in the registry, by its digest, and the base that it was built on."""

    name: str
    base: str


def steps():
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    return workflow["jobs"]["image"]["steps"]


def step(key, value):
    return next(each for each in steps() if each.get(key) == value)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with buildkit.registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="module")
def buildx(tmp_path_factory):
    if os.geteuid():
        go.not_run("only root can start a BuildKit here")
    with buildkit.buildx(tmp_path_factory.mktemp("buildkit")) as client:
        yield client


@pytest.fixture(scope="module")
def pinned_base(docker, buildx, registry):
    """A base image in the registry, with its digest, as the Dockerfile names Docker's own."""
    name = f"{registry}/python:3.13-slim-trixie"
    docker("tag", base(docker), name)
    docker("push", "--quiet", name)
    digest = buildx("imagetools", "inspect", name, "--format={{.Manifest.Digest}}")
    return f"{name}@{digest.strip()}"


@pytest.fixture(scope="module")
def image_name(tmp_path_factory):
    """What the workflow's step calls the image of a repository with capital letters."""
    output = tmp_path_factory.mktemp("name") / "output"
    env = {**os.environ, "GITHUB_REPOSITORY": "Octo/Demo", "GITHUB_OUTPUT": str(output)}
    subprocess.run(["bash", "-e", "-c", step("id", "name")["run"]], env=env, check=True)
    return output.read_text().strip().removeprefix("image=")


@pytest.fixture(scope="module")
def publish(buildx, registry, pinned_base, image_name, tmp_path_factory):
    """Builds and pushes the slim image as the workflow says, for machines such as this one."""
    given = step("name", "Publish the slim image")["with"]
    values = {
        "steps.name.outputs.image": image_name.replace("ghcr.io", registry),
        "github.server_url": "https://github.com",
        "github.repository": "Octo/Demo",
        "github.sha": "a" * 40,
        "inputs.version": "1.2.3",
    }
    kind = MACHINE[platform.machine()]
    assert kind in given["platforms"].split(",")
    options = [
        f"--{flag}=" + re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], line)
        for name, flag in FLAGS.items()
        for line in given[name].splitlines()
    ]

    def build(*more):
        told = tmp_path_factory.mktemp("build") / "metadata.json"
        its_base = f"--build-arg=BASE_IMAGE={pinned_base}"
        where = (f"--platform={kind}", f"--metadata-file={told}")
        buildx("build", "--push", *where, its_base, *options, *more, str(ROOT))
        digest = json.loads(told.read_text())["containerimage.digest"]
        return Published(f"{registry}/octo/demo@{digest}", pinned_base)

    return build


@pytest.fixture(scope="module")
def published(publish):
    return publish()


def test_the_image_runs_by_its_digest(docker, published, show):
    docker("pull", "--quiet", published.name)
    said = docker("run", "--rm", "--network=none", published.name, "--help")

    show("a release, from its registry by digest", "exit 0")
    assert "Usage:" in said


def test_its_labels_tell_what_it_was_built_of(docker, published):
    labels = json.loads(docker("inspect", "--format={{json .Config.Labels}}", published.name))

    told = {name.removeprefix("org.opencontainers.image."): label for name, label in labels.items()}
    assert told["title"] == "spec-to-production"
    assert told["base.name"] == published.base
    assert told["source"] == "https://github.com/Octo/Demo"
    assert (told["version"], told["revision"]) == ("1.2.3", "a" * 40)


def test_its_provenance_names_the_base_and_every_step(buildx, published):
    told = buildx("imagetools", "inspect", published.name, "--format={{json .Provenance}}")
    build = json.loads(told)["SLSA"]["buildDefinition"]
    digests = {f"sha256:{each['digest']['sha256']}" for each in build["resolvedDependencies"]}

    assert digests == {published.base.partition("@")[2]}
    assert build["internalParameters"]["buildConfig"]["llbDefinition"]


def test_its_sbom_names_what_is_installed(buildx, registry, pinned_base, publish, tmp_path):
    if not go.is_built(buildkit.SYFT[0]) and os.environ.get("E2E") != "all":
        pytest.skip("not run: syft takes minutes to build; E2E=all make e2e builds it")
    assert step("name", "Publish the slim image")["with"]["sbom"] is True
    scanner = f"{registry}/scanner:1"
    buildkit.publish_scanner(buildx, tmp_path, pinned_base, scanner)

    image = publish(f"--attest=type=sbom,generator={scanner}")
    told = json.loads(buildx("imagetools", "inspect", image.name, "--format={{json .SBOM}}"))
    names = {package["name"] for package in told["SPDX"]["packages"]}
    assert {"git", "tmux", "pydantic", "spec-to-production"} <= names


def test_both_images_are_published_alike():
    full, slim = (
        dict(step(*key)["with"]) for key in (("id", "build"), ("name", "Publish the slim image"))
    )

    assert full.pop("target") == "full"
    assert slim.pop("target") == "slim"
    assert slim.pop("tags") == full.pop("tags") + "-slim"
    assert full.pop("no-cache") is True
    assert slim == full


@pytest.mark.parametrize("machine", MACHINE)
@pytest.mark.parametrize("lock", ["build", "tool", "agent-server"])
def test_every_locked_package_has_a_wheel(lock, machine, tmp_path):
    uv = Path(sys.executable).with_name("uv")
    where = ["--target", tmp_path, f"--python-platform={machine}-unknown-linux-gnu"]
    exactly = ["--no-deps", "--no-build", "--require-hashes", "-r", ROOT / f"locks/{lock}.txt"]
    command = [uv, "pip", "install", "--dry-run", "--python-version=3.13", *where, *exactly]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
