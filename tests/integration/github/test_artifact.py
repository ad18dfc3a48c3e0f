import datetime as dt
import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import httpx
import pytest
import stamina

from spec_to_production.errors import GitHubError
from spec_to_production.github.artifact import BLOCK_BYTES, upload
from spec_to_production.github.event import Event
from support import artifact_server

EVENT = Event(
    name="push",
    repository="octo/demo",
    sha="a" * 40,
    run_id=4711,
    run_attempt=1,
    job="tests",
    server_url="https://github.com",
    api_url="https://api.github.com",
)
# The last that speaks the version of the protocol that we speak, and the newest.
OFFICIAL_CLIENTS = {"same": "@actions/artifact@6.0.0", "newest": "@actions/artifact@6.2.1"}
CACHE = Path(__file__).parents[3] / ".cache" / "actions-artifact"


@pytest.fixture
def service():
    with artifact_server.serve() as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    out = tmp_path / "out"
    (out / "tests").mkdir(parents=True)
    (out / "report.json").write_text('{"a": 1}')
    (out / "tests" / "test_a.py").write_text("def test_a(): ...\n")
    return out


@pytest.fixture(autouse=True)
def without_waiting():
    with stamina.set_testing(True, attempts=3):
        yield


def env_of(service):
    return {"ACTIONS_RESULTS_URL": f"{service.url}/", "ACTIONS_RUNTIME_TOKEN": service.token}


def send(service, folder, name="reports"):
    with httpx.Client() as client:
        return upload(name, folder, env_of(service), EVENT, client)


def names_in(content):
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_a_folder_is_uploaded(service, folder, capsys):
    artifact = send(service, folder)
    stored = service.artifacts["reports"]

    assert names_in(stored.content) == ["report.json", "tests/test_a.py"]
    assert stored.digest == f"sha256:{artifact.digest}"
    assert artifact.url == "https://github.com/octo/demo/actions/runs/4711/artifacts/77"
    assert [name for name, _ in service.calls] == [
        "CreateArtifact",
        "block",
        "blocklist",
        "FinalizeArtifact",
    ]
    masked = capsys.readouterr().out
    assert f"::add-mask::{artifact_server.SIGNATURE}\n" in masked
    assert "::add-mask::s3cret%252B%252F%253D\n" in masked  # a percent sign is escaped, too
    assert f"::add-mask::{service.token}\n" in masked


@pytest.mark.parametrize(
    ("wanted", "most", "days"), [(7, "90", 7), (100, "90", 90), (7, "", 7), (None, "90", None)]
)
def test_it_is_kept_as_long_as_wanted_and_allowed(service, folder, wanted, most, days):
    env = env_of(service) | {"GITHUB_RETENTION_DAYS": most}
    with httpx.Client() as client:
        upload("reports", folder, env, EVENT, client, retention_days=wanted)

    told = service.calls[0][1].get("expires_at")
    kept = told and dt.datetime.fromisoformat(told) - dt.datetime.now(dt.UTC)
    assert (kept and round(kept / dt.timedelta(days=1))) == days


def test_a_large_folder_goes_in_blocks(service, folder):
    (folder / "large.bin").write_bytes(os.urandom(BLOCK_BYTES + 1000))
    send(service, folder)

    assert [name for name, _ in service.calls].count("block") == 2
    assert zipfile.ZipFile(io.BytesIO(service.artifacts["reports"].content)).testzip() is None


def test_a_server_that_answers_in_camel_case_is_understood(service, folder):
    service.camel_case = True

    assert send(service, folder).id == "77"


@pytest.mark.parametrize("where", ["CreateArtifact", "comp=block&", "comp=blocklist", "Finalize"])
def test_what_passes_is_tried_again(service, folder, where):
    service.failures = [(where, 503, "busy"), (where, 429, "slower")]

    assert send(service, folder).id == "77"


def test_a_full_storage_is_not_tried_again(service, folder):
    service.failures = [("CreateArtifact", 429, "Insufficient usage to store artifact")] * 2

    with pytest.raises(GitHubError, match="429 Insufficient usage"):
        send(service, folder)

    assert len(service.failures) == 1


def test_a_name_that_is_taken_says_how_to_get_another(service, folder):
    send(service, folder)

    with pytest.raises(GitHubError, match=r"409 .*exists") as caught:
        send(service, folder)

    assert "comment-id" in caught.value.hint


def test_a_service_that_is_gone_leaks_no_signature(service, folder):
    service.failures = [("comp=block", 502, "gone")] * 3

    with pytest.raises(GitHubError, match="502") as caught:
        send(service, folder)

    assert "s3cret" not in str(caught.value)


def test_without_a_service_the_files_stay(folder):
    with httpx.Client() as client, pytest.raises(GitHubError, match="no artifact") as caught:
        upload("reports", folder, {}, EVENT, client)

    assert "workspace" in caught.value.hint


UPLOAD = """
import { DefaultArtifactClient } from 'same'
import { readdirSync } from 'node:fs'
const [, , name, folder] = process.argv
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`)
await new DefaultArtifactClient().uploadArtifact(name, files.sort(), folder)
"""
DOWNLOAD = """
import { DefaultArtifactClient } from 'newest'
const [, , name, folder] = process.argv
const client = new DefaultArtifactClient()
const { artifact } = await client.getArtifact(name)
await client.downloadArtifact(artifact.id, { path: folder })
"""


@pytest.fixture(scope="session")
def official_client():
    """Runs a script with the official clients; they are installed once into the cache."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("npm and node are needed for @actions/artifact")
    CACHE.mkdir(parents=True, exist_ok=True)
    package = {
        "type": "module",
        "dependencies": {name: f"npm:{client}" for name, client in OFFICIAL_CLIENTS.items()},
    }
    manifest = CACHE / "package.json"
    installed = all((CACHE / "node_modules" / name).exists() for name in OFFICIAL_CLIENTS)
    if not installed or json.loads(manifest.read_text()) != package:
        manifest.write_text(json.dumps(package))
        subprocess.run(
            [npm, "install", "--silent", "--ignore-scripts", "--no-audit"], cwd=CACHE, check=True
        )

    def run(script, env, *args):
        file = CACHE / f"{args[0]}-{os.getpid()}.mjs"
        file.write_text(script)
        try:
            done = subprocess.run(
                [node, file, *map(str, args)],
                cwd=CACHE,
                env={"PATH": os.environ["PATH"], "GITHUB_SERVER_URL": "https://github.com", **env},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        finally:
            file.unlink()
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_the_official_client_makes_the_same_calls(service, folder, official_client):
    send(service, folder)
    ours, service.calls = service.calls, []
    kept = service.artifacts.pop("reports")
    official_client(UPLOAD, env_of(service), "reports", folder)
    theirs = service.calls

    # Size and hash are the zip's, and every packer makes its own.
    def shape(calls):
        return [(name, sorted(body) if isinstance(body, dict) else None) for name, body in calls]

    assert shape(ours) == shape(theirs)
    assert dict(ours)["CreateArtifact"] == dict(theirs)["CreateArtifact"]
    assert sorted(names_in(kept.content)) == sorted(names_in(service.artifacts["reports"].content))


def test_the_official_client_downloads_what_we_upload(service, folder, tmp_path, official_client):
    send(service, folder)
    official_client(DOWNLOAD, env_of(service), "reports", tmp_path / "back")

    assert (tmp_path / "back" / "report.json").read_text() == '{"a": 1}'
    assert (tmp_path / "back" / "tests" / "test_a.py").exists()
