"""An artifact service on loopback, with the blob storage behind it, as strict as the real ones.

It answers ``CreateArtifact``, ``FinalizeArtifact`` and what the official client needs to download.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SERVICE = "/twirp/github.actions.results.api.v1.ArtifactService/"
SIGNATURE = "s3cret+/="
RUN, JOB = "ce7f54c7-61c7-4aae-887f-30da475f5f1a", "ca395085-040a-526b-2ce8-bdc85f692774"


def token(scopes: str = f"Actions.ExampleScope Actions.Results:{RUN}:{JOB}") -> str:
    """A token as the runner gives it; nobody checks its signature here."""
    claims = base64.urlsafe_b64encode(json.dumps({"scp": scopes}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2ln"


@dataclass
class Stored:
    name: str
    blocks: dict[str, bytes] = field(default_factory=dict)
    content: bytes | None = None
    digest: str | None = None
    size: int | None = None


@dataclass
class ArtifactServer:
    """Keeps what was uploaded, and the calls in their order without what changes each time."""

    artifacts: dict[str, Stored] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    failures: list[tuple[str, int, str]] = field(default_factory=list)
    camel_case: bool = False
    url: str = ""
    token: str = field(default_factory=token)

    def answer(self, method: str, target: str, raw: bytes, bearer: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        for failure in self.failures:
            if failure[0] in target:
                self.failures.remove(failure)
                return failure[1], json.dumps({"msg": failure[2]}).encode()
        if parts.path.startswith(SERVICE):
            if bearer != f"Bearer {self.token}":
                return 401, b"{}"
            status, body = self._call(parts.path.removeprefix(SERVICE), json.loads(raw))
            return status, json.dumps(body).encode()
        return self._blob(method, parts.path, parse_qs(parts.query), raw)

    def _call(  # noqa: PLR0911 - an answer for each method
        self, name: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if (body.pop("workflow_run_backend_id"), body.pop("workflow_job_run_backend_id")) != (
            RUN,
            JOB,
        ):
            return 403, {"msg": "another job's artifact"}
        self.calls.append((name, body))
        stored = self.artifacts.get(body.get("name", ""))
        match name:
            case "CreateArtifact":
                if stored:
                    return 409, {"msg": "an artifact with this name already exists"}
                self.artifacts[body["name"]] = Stored(body["name"])
                url = f"{self.url}/blob/{body['name']}?sig=s3cret%2B%2F%3D&se=2030"
                return 200, {"ok": True, self._key("signed_upload_url"): url}
            case "FinalizeArtifact":
                assert stored is not None
                assert stored.content is not None
                stored.digest, stored.size = body["hash"], int(body["size"])
                good = stored.digest == f"sha256:{hashlib.sha256(stored.content).hexdigest()}"
                if not good or stored.size != len(stored.content):
                    return 400, {"msg": "size or hash is wrong"}
                return 200, {"ok": True, self._key("artifact_id"): "77"}
            case "ListArtifacts":
                listed = [
                    {
                        "workflow_run_backend_id": RUN,
                        "workflow_job_run_backend_id": JOB,
                        "database_id": "77",
                        "name": one.name,
                        "size": str(one.size),
                        "created_at": "2026-01-01T00:00:00Z",
                    }
                    for one in self.artifacts.values()
                ]
                return 200, {"artifacts": listed}
            case "GetSignedArtifactURL":
                return 200, {"signed_url": f"{self.url}/blob/{body['name']}?sig=read"}
            case _:
                return 404, {"msg": f"no method {name}"}

    def _blob(
        self, method: str, path: str, query: dict[str, list[str]], raw: bytes
    ) -> tuple[int, bytes]:
        stored = self.artifacts[path.removeprefix("/blob/")]
        if method == "GET":
            return 200, stored.content or b""
        if query.get("sig") != [SIGNATURE]:
            return 403, b""
        match query.get("comp"):
            case ["block"]:
                stored.blocks[query["blockid"][0]] = raw
                self.calls.append(("block", len(raw)))
            case ["blocklist"]:
                order = [item.text or "" for item in ET.fromstring(raw).iter("Latest")]
                stored.content = b"".join(stored.blocks[block] for block in order)
                self.calls.append(("blocklist", len(order)))
            case _:
                return 400, b""
        return 201, b""

    def _key(self, name: str) -> str:
        head, *rest = name.split("_")
        return head + "".join(map(str.title, rest)) if self.camel_case else name


@contextmanager
def serve() -> Iterator[ArtifactServer]:
    """A running server; on leaving the block it is gone."""
    state = ArtifactServer()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                status, body = state.answer(
                    self.command, self.path, raw, self.headers.get("Authorization", "")
                )
            self.send_response(status)
            zipped = self.command == "GET"
            self.send_header("Content-Type", "application/zip" if zipped else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Keep the tests' output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
