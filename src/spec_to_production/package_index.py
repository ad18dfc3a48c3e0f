"""Package indexes that want a password, for a pip that must not have it.

What is installed runs code of its own meanwhile. So pip asks us, on loopback, and we ask the index.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from html import unescape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urljoin, urlsplit

import httpx

_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
_LINK = re.compile(r"""(?<=href=)(["'])(.+?)\1""")
_JSON = "application/vnd.pypi.simple.v1+json"
_PAGE = re.compile(r"simple/(\w[\w.-]*)/")
_FILE = re.compile(r"files/(\d+)/(\w(?:[\w.+-]|%2[Bb])+)")
_WITHIN_S = 60


@contextlib.contextmanager
def without_passwords(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The same variables, whose indexes with a password are reached through us in the block."""
    with contextlib.ExitStack() as stack:

        def relay(url: str) -> str:
            return stack.enter_context(_relay(url)) if "@" in urlsplit(url).netloc else url

        reached = {
            name: " ".join(map(relay, value.split())) if name.upper() in _INDEXES else value
            for name, value in env.items()
        }
        direct = env.get("no_proxy") or env.get("NO_PROXY")
        yield reached | dict.fromkeys(
            ("NO_PROXY", "no_proxy"), ",".join(filter(None, (direct, "127.0.0.1")))
        )


@contextlib.contextmanager
def _relay(index: str) -> Iterator[str]:
    parts = urlsplit(index)
    login = (unquote(parts.username or ""), unquote(parts.password or ""))
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path.rstrip("/") + "/")
    # httpx shows the password to no other host that a request is redirected to.
    with httpx.Client(auth=login, follow_redirects=True, timeout=_WITHIN_S) as client:
        prefix = f"/{secrets.token_urlsafe(24)}/"
        its = {"client": client, "index": bare.geturl(), "prefix": prefix, "folders": []}
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), its))
        server.daemon_threads = True
        with server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}{prefix}simple/"
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    """Answers what pip asks: a project's page (PEP 503, PEP 691), or a file that one links to."""

    client: httpx.Client
    index: str
    prefix: str
    folders: list[str]

    def do_GET(self) -> None:
        page, file = (
            each.fullmatch(self.path.removeprefix(self.prefix)) for each in (_PAGE, _FILE)
        )
        if page:
            url = f"{self.index}{page[1]}/"
        elif file and int(file[1]) < len(self.folders):
            url = f"{self.folders[int(file[1])]}/{file[2]}"
        else:
            return self.send_error(HTTPStatus.NOT_FOUND)
        try:
            answer = self.client.get(url, headers={"Accept": self.headers.get("Accept", "*/*")})
        except httpx.HTTPError as error:
            return self.send_error(HTTPStatus.BAD_GATEWAY, type(error).__name__)
        content = self._with_our_links(answer) if page else answer.content
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        return None

    def _with_our_links(self, page: httpx.Response) -> bytes:
        def ours(link: str) -> str:
            url = urljoin(str(page.url), link)
            if not url.startswith(_origin(self.index)):
                return url
            folder, _, name = url.rpartition("/")
            if folder not in self.folders:
                self.folders.append(folder)
            return f"{self.prefix}files/{self.folders.index(folder)}/{name}"

        if page.headers.get("Content-Type", "").startswith(_JSON):
            project = page.json()
            for file in project.get("files", ()):
                file["url"] = ours(file["url"])
            return json.dumps(project).encode()
        return _LINK.sub(
            lambda found: f"{found[1]}{ours(unescape(found[2]))}{found[1]}", page.text
        ).encode()

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal belongs to the run."""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"
