"""Package indexes that want a password, for a pip that must not have it.

What is installed runs code of its own meanwhile. So pip asks us, on loopback, and we ask the index.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from spec_to_production.errors import InputError
from spec_to_production.listener import Listener
from spec_to_production.proxies import around_loopback

_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
_AUTHORITIES = ("PIP_CERT", "REQUESTS_CA_BUNDLE")  # in pip's own order
_LINK = re.compile(r"""(?<=href=)(["'])(.+?)\1""")
_JSON = "application/vnd.pypi.simple.v1+json"
_PAGE = re.compile(r"simple/(\w[\w.-]*)/")
_FILE = re.compile(r"files/(\d+)/(\w(?:[\w.+-]|%2[Bb])+)")
_PASSED_ON = {"Accept": "*/*", "Accept-Encoding": "identity"}
_KEPT = ("Content-Type", "Content-Length", "Content-Encoding")
_WITHIN_S = 60


@contextlib.contextmanager
def without_passwords(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The same variables, whose indexes with a password are reached through us in the block."""
    with contextlib.ExitStack() as stack:

        def relay(url: str) -> str:
            if "@" not in urlsplit(url).netloc:
                return url
            return stack.enter_context(_relay(url, _trust(env)))

        reached = {
            name: " ".join(map(relay, value.split())) if name.upper() in _INDEXES else value
            for name, value in env.items()
        }
        yield reached | around_loopback(env)


def _trust(env: Mapping[str, str]) -> ssl.SSLContext:
    """Whom pip would trust; without a word about that, whom httpx trusts."""
    named = next((env[name] for name in _AUTHORITIES if env.get(name)), None)
    if named is None:
        return httpx.create_ssl_context()
    try:
        if Path(named).is_dir():
            return ssl.create_default_context(capath=named)
        return ssl.create_default_context(cafile=named)
    except OSError as error:
        raise InputError(
            f"The certificates in {named} cannot be read: {error}",
            hint=f"{' or '.join(_AUTHORITIES)} names that file, for pip.",
        ) from error


@contextlib.contextmanager
def _relay(index: str, trust: ssl.SSLContext) -> Iterator[str]:
    parts = urlsplit(index)
    login = (unquote(parts.username or ""), unquote(parts.password or ""))
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path.rstrip("/") + "/")
    # httpx shows the password to no other host that a request is redirected to.
    with httpx.Client(auth=login, follow_redirects=True, timeout=_WITHIN_S, verify=trust) as client:
        prefix = f"/{secrets.token_urlsafe(24)}/"
        its = {"client": client, "index": bare.geturl(), "prefix": prefix, "folders": []}
        with Listener(("127.0.0.1", 0), type("Handler", (_Handler,), its)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"http://127.0.0.1:{server.server_port}{prefix}simple/"
            finally:
                server.shutdown()


class _NotAPageError(Exception):
    """The index answered with a page of another form than it says."""


class _Handler(BaseHTTPRequestHandler):
    """Answers what pip asks: a project's page (PEP 503, PEP 691), or a file that one links to."""

    client: httpx.Client
    index: str
    prefix: str
    folders: list[str]
    _begun = False

    def do_GET(self) -> None:
        page, file = (
            each.fullmatch(self.path.removeprefix(self.prefix)) for each in (_PAGE, _FILE)
        )
        if page:
            url = f"{self.index}{page[1]}/"
        elif file and int(file[1]) < len(self.folders):
            url = f"{self.folders[int(file[1])]}/{file[2]}"
        else:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        asked = {name: self.headers.get(name, default) for name, default in _PASSED_ON.items()}
        try:
            with self.client.stream("GET", url, headers=asked) as answer:
                self._pass_on(answer, is_page=page is not None)
        # A RuntimeError is what a request meets when pip has ended and the client is closed.
        except (httpx.HTTPError, httpx.StreamError, RuntimeError, _NotAPageError) as error:
            if not self._begun:  # or else pip sees that the file is cut short, and asks again
                self.send_error(HTTPStatus.BAD_GATEWAY, type(error).__name__)

    def _pass_on(self, answer: httpx.Response, *, is_page: bool) -> None:
        """A page with links to us; a file as it comes, for some do not fit into memory."""
        kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        parts: Iterable[bytes] = answer.iter_raw()
        if is_page:
            answer.read()
            page = self._with_our_links(answer)
            kept = {"Content-Type": kept.get("Content-Type", ""), "Content-Length": str(len(page))}
            parts = [page]
        self._begun = True
        self.send_response(answer.status_code)
        for name, value in kept.items():
            self.send_header(name, value)
        self.end_headers()
        for part in parts:
            self.wfile.write(part)

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
            try:
                project = page.json()
                for file in project.get("files", ()):
                    file["url"] = ours(file["url"])
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise _NotAPageError from error
            return json.dumps(project).encode()
        return _LINK.sub(
            lambda found: f"{found[1]}{ours(unescape(found[2]))}{found[1]}", page.text
        ).encode()

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal belongs to the run."""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"
