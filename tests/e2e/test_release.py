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

from support import buildkit
from support.container import ROOT, base

pytestmark = pytest.mark.e2e

MACHINE = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}
FLAGS = {
    "target": "target",
    "build-args": "build-arg",
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
        pytest.skip("not run: only root can start a BuildKit here")
    with buildkit.buildx(tmp_path_factory.mktemp("buildkit")) as client:
        yield client


@pytest.fixture(scope="module")
def pinned_base(docker, buildx, registry, tmp_path_factory):
    """What the workflow's step finds out of a base image that is in the registry."""
    folder, name = tmp_path_factory.mktemp("base"), f"{registry}/python:3.13-slim-trixie"
    docker("tag", base(docker), name)
    docker("push", "--quiet", name)
    (folder / "Dockerfile").write_text(f"ARG BASE_IMAGE={name}\n")
    (folder / "docker").write_text(f'#!/bin/sh\nshift\nexec {buildx.program} "$@"\n')
    (folder / "docker").chmod(0o755)
    env = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(folder),
        "BUILDX_CONFIG": str(buildx.settings),
        "GITHUB_OUTPUT": str(folder / "output"),
    }
    script = step("id", "base")["run"]
    subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=env, check=True)
    return (folder / "output").read_text().strip().removeprefix("image=")


@pytest.fixture(scope="module")
def published(buildx, registry, pinned_base, tmp_path_factory):
    """The slim image, built and pushed as the workflow says, for machines such as this one."""
    given = step("name", "Publish the slim image")["with"]
    values = {
        "steps.base.outputs.image": pinned_base,
        "github.repository": "octo/demo",
        "inputs.version": "1.2.3",
    }
    kind = MACHINE[platform.machine()]
    assert kind in given["platforms"].split(",")
    options = [
        f"--{flag}=" + re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], given[name])
        for name, flag in FLAGS.items()
    ]
    told = tmp_path_factory.mktemp("build") / "metadata.json"
    buildx(
        "build",
        "--push",
        f"--platform={kind}",
        f"--metadata-file={told}",
        *(option.replace("ghcr.io", registry) for option in options),
        str(ROOT),
    )
    digest = json.loads(told.read_text())["containerimage.digest"]
    return Published(f"{registry}/octo/demo@{digest}", pinned_base)


def test_the_image_runs_by_its_digest(docker, published, show):
    docker("pull", "--quiet", published.name)
    said = docker("run", "--rm", "--network=none", published.name, "--help")

    show("a release, from its registry by digest", "exit 0")
    assert "Usage:" in said


def test_it_tells_what_it_was_built_on(docker, published):
    labels = json.loads(docker("inspect", "--format={{json .Config.Labels}}", published.name))

    assert labels["org.opencontainers.image.base.name"] == published.base
    assert labels["org.opencontainers.image.title"] == "spec-to-production"


def test_its_provenance_names_the_base_and_every_step(buildx, published):
    told = buildx("imagetools", "inspect", published.name, "--format={{json .Provenance}}")
    build = json.loads(told)["SLSA"]["buildDefinition"]
    digests = {f"sha256:{each['digest']['sha256']}" for each in build["resolvedDependencies"]}

    assert digests == {published.base.partition("@")[2]}
    assert build["internalParameters"]["buildConfig"]["llbDefinition"]


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
