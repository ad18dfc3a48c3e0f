import base64
import datetime as dt
import hashlib
import io
import json
import os
import zipfile

import pytest

from spec_to_production.errors import GitHubError
from spec_to_production.github.artifact import Upload, pack
from support.artifact_server import JOB, RUN, token


@pytest.fixture
def upload():
    return Upload.of("reports", "https://results.example.com/ignored/path", token())


def test_an_upload_is_announced_with_the_jobs_own_ids(upload):
    request = upload.create(dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))

    assert request.method == "POST"
    assert request.url == (
        "https://results.example.com/twirp/github.actions.results.api.v1.ArtifactService"
        "/CreateArtifact"
    )
    assert request.headers["Authorization"] == f"Bearer {token()}"
    assert json.loads(request.content) == {
        "workflow_run_backend_id": RUN,
        "workflow_job_run_backend_id": JOB,
        "name": "reports",
        "version": 4,
        "expires_at": "2026-01-02T03:04:05Z",
    }


def test_without_a_retention_of_its_own_the_repositorys_counts(upload):
    assert "expires_at" not in json.loads(upload.create().content)


def test_blocks_have_ids_of_one_length_and_no_credentials(upload):
    requests = [upload.block("https://blob/x?sig=s", index, b"content") for index in (0, 12345)]
    ids = [base64.b64decode(r.url.rpartition("blockid=")[2].replace("%3D", "=")) for r in requests]

    assert len({len(i) for i in ids}) == 1
    assert all("Authorization" not in request.headers for request in requests)


def test_the_size_is_text_and_the_hash_says_its_kind(upload):
    body = json.loads(upload.finalize(1234, "ab" * 32).content)

    assert body["size"] == "1234"
    assert body["hash"] == f"sha256:{'ab' * 32}"


@pytest.mark.parametrize("name", ["", "a/b", "a:b", 'a"b', "a\nb", "a\\b", "a*"])
def test_a_name_that_github_refuses_is_refused_here(name):
    with pytest.raises(GitHubError, match="name"):
        Upload.of(name, "https://results.example.com", token())


@pytest.mark.parametrize(
    "bad",
    ["", "x", "a.b.c", token("Actions.Other:1:2"), token("Actions.Results:1"), "e30.bnVsbA.x"],
)
def test_a_token_of_an_unknown_form_is_said_to_be_one(bad):
    with pytest.raises(GitHubError, match="token") as caught:
        Upload.of("reports", "https://results.example.com", bad)

    assert "actions/upload-artifact" in caught.value.hint


def test_the_token_does_not_show(upload):
    assert token() not in repr(upload)


def packed(folder):
    archive = io.BytesIO()
    pack(folder, archive)
    return archive.getvalue()


def test_the_same_files_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "b.txt").write_text("b")
        (tmp_path / name / "a.txt").write_text("a")
    os.utime(tmp_path / "two" / "a.txt", (0, 0))
    (tmp_path / "two" / "a.txt").chmod(0o600)
    one, two = packed(tmp_path / "one"), packed(tmp_path / "two")

    assert hashlib.sha256(one).digest() == hashlib.sha256(two).digest()
    assert zipfile.ZipFile(io.BytesIO(one)).namelist() == ["a.txt", "sub/b.txt"]


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "out" / "folder").symlink_to(tmp_path)

    assert zipfile.ZipFile(io.BytesIO(packed(tmp_path / "out"))).namelist() == []
