"""Uploads files as a workflow artifact, as ``actions/upload-artifact`` does.

The artifact service has no public description; what stands here follows the official client
(``packages/artifact`` in actions/toolkit): create, upload in blocks to the address that comes
back, finalise. :class:`Upload` is the protocol and sends nothing; :func:`upload` sends.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

import httpx
import stamina
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from spec_to_production.errors import GitHubError
from spec_to_production.github import commands
from spec_to_production.github.event import Event

BLOCK_BYTES = 8 << 20

_TOOL = "spec-to-production"
_SERVICE = "/twirp/github.actions.results.api.v1.ArtifactService"
# Zips alone, as every release of the client up to 6.0 has it. Version 7 adds other kinds of files
# and a field for the kind, which servers other than GitHub's do not know.
_VERSION = 4
_TIMEOUT_S = 30
_TRIES = 5
_RETRIED = frozenset({429, 500, 502, 503, 504})
_NOT_IN_A_NAME = re.compile(r'[":<>|*?\r\n\\/]')
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold
_REGULAR_FILE = 0o100644 << 16
_FILES_STAY = "The files stay in the workspace, for a step with actions/upload-artifact."


@dataclass(frozen=True)
class Artifact:
    """An uploaded artifact. ``digest`` is the SHA-256 of the zip, in hexadecimal."""

    name: str
    id: str
    url: str
    digest: str


@dataclass(frozen=True)
class Name:
    """What an artifact of this tool is called: unique within a run, and found again by others.

    A comment id may hold what stands in a job's id, and a dot as well: the first dot parts them.
    """

    job: str
    comment_id: str
    attempt: int

    def __str__(self) -> str:
        return f"{_TOOL}-{self.job}{self._ending}"

    def matches(self, name: str) -> bool:
        """Whether an artifact is of this attempt and comment id, whichever job made it.

        A run of somebody else's may call one anything, a shell's commands included.
        """
        return bool(re.fullmatch(rf"{_TOOL}-[\w-]*{re.escape(self._ending)}", name, re.ASCII))

    @property
    def _ending(self) -> str:
        return f".{self.comment_id}-{self.attempt}"


@dataclass(frozen=True)
class Request:
    """A request to send: no secrets but the bearer token in its headers."""

    method: str
    url: str
    content: bytes
    headers: Mapping[str, str]


class _Answer(BaseModel):
    """The real service answers in snake case, other servers in camel case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ok: bool = False
    upload_url: str | None = Field(
        None, validation_alias=AliasChoices("signed_upload_url", "signedUploadUrl")
    )
    artifact_id: str | None = Field(
        None,
        validation_alias=AliasChoices("artifact_id", "artifactId"),
        coerce_numbers_to_str=True,
    )


@dataclass(frozen=True)
class Upload:
    """One upload's requests and what their answers mean."""

    name: str
    origin: str
    token: SecretStr
    run_backend_id: str
    job_backend_id: str

    @classmethod
    def of(cls, name: str, results_url: str, token: str) -> Upload:
        """Prepare an upload for the job that the token stands for.

        Raises:
            GitHubError: The name or the token is unusable.
        """
        if not name:
            raise GitHubError("The artifact's name is empty.")
        if bad := _NOT_IN_A_NAME.search(name):
            raise GitHubError(f"The artifact's name {name!r} may not hold {bad[0]!r}.")
        run, job = _backend_ids(token)
        parts = urlsplit(results_url)
        return cls(name, f"{parts.scheme}://{parts.netloc}", SecretStr(token), run, job)

    def create(self, expires_at: dt.datetime | None = None) -> Request:
        """Announce the artifact."""
        expiry = {"expires_at": f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"} if expires_at else {}
        return self._call("CreateArtifact", {"version": _VERSION, **expiry})

    def block(self, url: str, index: int, content: bytes) -> Request:
        """Put one block of the zip."""
        return _blob(f"{url}&comp=block&blockid={quote(_block_id(index), safe='')}", content)

    def block_list(self, url: str, blocks: int) -> Request:
        """Make the blocks one file, in their order."""
        items = "".join(f"<Latest>{escape(_block_id(index))}</Latest>" for index in range(blocks))
        xml = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{items}</BlockList>'
        kind = {"x-ms-blob-content-type": "application/zip", "Content-Type": "application/xml"}
        return _blob(f"{url}&comp=blocklist", xml.encode(), kind)

    def finalize(self, size: int, digest: str) -> Request:
        """Declare the artifact complete."""
        # A 64-bit number is text in the service's JSON.
        return self._call("FinalizeArtifact", {"size": str(size), "hash": f"sha256:{digest}"})

    def _call(self, method: str, fields: Mapping[str, Any]) -> Request:
        body = {
            "workflow_run_backend_id": self.run_backend_id,
            "workflow_job_run_backend_id": self.job_backend_id,
            "name": self.name,
            **fields,
        }
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.token.get_secret_value()}",
        }
        return Request(
            "POST", f"{self.origin}{_SERVICE}/{method}", json.dumps(body).encode(), headers
        )


def upload(
    name: str,
    folder: Path,
    env: Mapping[str, str],
    event: Event,
    client: httpx.Client,
    *,
    retention_days: int | None = None,
) -> Artifact:
    """Upload a folder's files as one artifact; it is kept as long as the repository says.

    Args:
        name: What the artifact is called.
        folder: Where the files are.
        env: The runner's environment.
        event: The run that it belongs to.
        client: Sends the requests.
        retention_days: Days to keep it, where that is less than what the repository says.

    Raises:
        GitHubError: The service is not there, or refused.
    """
    results_url, token = env.get("ACTIONS_RESULTS_URL"), env.get("ACTIONS_RUNTIME_TOKEN")
    if not results_url or not token:
        raise GitHubError("This runner offers no artifact service.", hint=_FILES_STAY)
    commands.mask(token)
    parts = Upload.of(name, results_url, token)
    with tempfile.TemporaryFile() as archive:
        pack(folder, archive)
        size = archive.tell()
        archive.seek(0)
        digest = hashlib.file_digest(archive, "sha256").hexdigest()
        archive.seek(0)
        created = _call(client, parts.create(_expiry(retention_days, env)))
        if not created.upload_url:
            raise GitHubError(
                "The artifact service gave no address to upload to.", hint=_FILES_STAY
            )
        _mask_signature(created.upload_url)
        blocks = 0
        while block := archive.read(BLOCK_BYTES):
            _send(client, parts.block(created.upload_url, blocks, block))
            blocks += 1
        _send(client, parts.block_list(created.upload_url, blocks))
    finished = _call(client, parts.finalize(size, digest))
    artifact_id = finished.artifact_id or ""
    return Artifact(name, artifact_id, f"{event.run_url}/artifacts/{artifact_id}", digest)


def pack(folder: Path, archive: IO[bytes]) -> None:
    """Zip a folder's regular files. The same files give the same bytes, whenever and by whom.

    The file that hides a folder from git has done its work there.
    """
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file() or path.name == ".gitignore":
                continue
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _REGULAR_FILE
            with path.open("rb") as source, packed.open(entry, "w") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)


def _expiry(days: int | None, env: Mapping[str, str]) -> dt.datetime | None:
    if days is None:
        return None
    most = int(env.get("GITHUB_RETENTION_DAYS") or days)
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=min(days, most))


def _backend_ids(token: str) -> tuple[str, str]:
    """The run and the job that the token is for, from its claims; only the service checks them."""
    try:
        claims = token.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        scopes = [scope.split(":") for scope in payload["scp"].split()]
        run, job = next(
            scope[1:]
            for scope in scopes
            if scope[0] == "Actions.Results" and len(scope) == 3  # noqa: PLR2004
        )
    except (IndexError, KeyError, ValueError, TypeError, StopIteration, binascii.Error) as error:
        raise GitHubError(
            "The runner's token for artifacts is not of the form that this tool knows.",
            hint=_FILES_STAY,
        ) from error
    return run, job


def _block_id(index: int) -> str:
    return base64.b64encode(f"block-{index:08d}".encode()).decode()


def _blob(url: str, content: bytes, headers: Mapping[str, str] = {}) -> Request:
    return Request("PUT", url, content, {"x-ms-version": "2024-11-04", **headers})


def _mask_signature(url: str) -> None:
    for signature in parse_qs(urlsplit(url).query).get("sig", []):
        commands.mask(signature)
        commands.mask(quote(signature, safe=""))


def _call(client: httpx.Client, request: Request) -> _Answer:
    response = _send(client, request)
    try:
        answer = _Answer.model_validate_json(response.content)
    except ValidationError as error:
        raise GitHubError(
            "The artifact service answered with something unknown.", hint=_FILES_STAY
        ) from error
    if not answer.ok:
        raise GitHubError("The artifact service refused and gave no reason.", hint=_FILES_STAY)
    return answer


def _send(client: httpx.Client, request: Request) -> httpx.Response:
    try:
        return _send_patiently(client, request)
    except httpx.HTTPStatusError as error:
        status, told = error.response.status_code, _own_words(error.response)
        taken = status == httpx.codes.CONFLICT
        raise GitHubError(
            f"The artifact could not be uploaded: {status} {told}",
            hint=f"An artifact of this name exists in this run already. Give each job of a matrix "
            f"its own 'comment-id'. {_FILES_STAY}"
            if taken
            else _FILES_STAY,
        ) from error
    except httpx.HTTPError as error:
        # The address holds a signature: only what kind of error it was is told.
        raise GitHubError(
            f"The artifact service could not be reached: {type(error).__name__}", hint=_FILES_STAY
        ) from None


def _passes_later(error: Exception) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        no_space = "insufficient usage" in error.response.text.lower()
        return error.response.status_code in _RETRIED and not no_space
    return isinstance(error, httpx.TransportError)


@stamina.retry(
    on=_passes_later, attempts=_TRIES, timeout=60, wait_initial=3, wait_exp_base=1.5, wait_max=30
)
def _send_patiently(client: httpx.Client, request: Request) -> httpx.Response:
    response = client.request(
        request.method,
        request.url,
        content=request.content,
        headers=dict(request.headers),
        timeout=_TIMEOUT_S,
    )
    return response.raise_for_status()


def _own_words(response: httpx.Response) -> str:
    try:
        return str(response.json()["msg"])
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase
