"""A stand-in for OpenHands Cloud: it rents out "sandboxes" that are agent servers of this machine.

Its answers are made with the Cloud's own classes, out of the package that OpenHands publishes.
Routes and behaviour are those of ``sandbox_router.py`` and ``remote_sandbox_service.py`` there:
key and addresses are told only while a sandbox runs, and its deletion is told by its query.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

PACKAGE = "openhands-ai==1.11.0"
MODELS = "openhands/app_server/sandbox/sandbox_models.py"
IMPORT = "from openhands.agent_server.utils import utc_now\n"
CACHE = Path(__file__).parents[2] / ".cache" / "openhands-ai"

SANDBOXES = "/api/v1/sandboxes"
KEY = "a-key-of-the-cloud"


@functools.cache
def models() -> SimpleNamespace:
    """The Cloud's own classes. The package is fetched once; only this file of it is run."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(CACHE)]
    if not list(CACHE.glob("*.whl")):
        only = ("--only-binary=:all:", "--python-version=3.12")
        subprocess.run([*pip, *only, PACKAGE], check=True)
    with zipfile.ZipFile(next(CACHE.glob("*.whl"))) as wheel:
        source = wheel.read(MODELS).decode()
    found = {"__name__": "sandbox_models", "utc_now": lambda: datetime.now(UTC)}
    exec(compile(source.replace(IMPORT, ""), MODELS, "exec", dont_inherit=True), found)
    return SimpleNamespace(**found)


@dataclass
class Cloud:
    """Sandboxes by their id, and what was asked.

    Attributes:
        agent_server: The address and the session key of the server that every sandbox leads to.
        course: The statuses that a new sandbox goes through, one at each look; then it stays.
        refusals: What the next requests to rent are answered with.
    """

    agent_server: tuple[str, str]
    course: tuple[str, ...] = ("RUNNING",)
    refusals: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    url: str = ""
    sandboxes: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, target: str, bearer: str | None) -> tuple[int, Any]:
        """What the Cloud says to a request."""
        with self.lock:
            parts = urlsplit(target)
            query = parse_qs(parts.query)
            self.asked.append(f"{method} {parts.path}")
            if bearer != f"Bearer {KEY}":
                return 401, {"error": "NoCredentialsError"}
            match method, parts.path.removeprefix(SANDBOXES), query:
                case "POST", "", {}:
                    return self.refusals.pop(0) if self.refusals else (200, self._rent())
                case "GET", "", {"id": ids}:
                    return 200, [self._look_at(each) for each in ids]
                case "DELETE", path, {"sandbox_id": [sandbox]} if path:
                    gone = self.sandboxes.pop(sandbox, None) is not None
                    return (200, {"success": True}) if gone else (404, {"detail": "Not Found"})
            return 404, {"detail": "Not Found"}

    def _rent(self) -> object:
        sandbox = uuid.uuid4().hex
        self.sandboxes[sandbox] = list(self.course)
        return self._info(sandbox, "STARTING")

    def _look_at(self, sandbox: str) -> object:
        if sandbox not in self.sandboxes:
            return None
        statuses = self.sandboxes[sandbox]
        return self._info(sandbox, statuses.pop(0) if len(statuses) > 1 else statuses[0])

    def _info(self, sandbox: str, status: str) -> object:
        address, key = self.agent_server
        runs = status == "RUNNING"
        kinds = models()
        urls = [(kinds.VSCODE, "http://127.0.0.1:9/", 60001), (kinds.AGENT_SERVER, address, 60000)]
        info = kinds.SandboxInfo(
            id=sandbox,
            created_by_user_id="user",
            sandbox_spec_id="ghcr.io/openhands/agent-server:1.58.0-python",
            status=status,
            session_api_key=key if runs else None,
            exposed_urls=[
                kinds.ExposedUrl(name=name, url=url, port=port) for name, url, port in urls if runs
            ]
            or None,
        )
        return info.model_dump(mode="json")


@contextmanager
def cloud(agent_server: tuple[str, str]) -> Iterator[Cloud]:
    """A Cloud on loopback, in which nothing has been rented yet."""
    stand_in = Cloud(agent_server)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = stand_in.answer(
                self.command, self.path, self.headers.get("Authorization")
            )
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield stand_in
        server.shutdown()
