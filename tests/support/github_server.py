"""A GitHub on loopback that keeps state: what it is told, it shows to the next who asks.

Every REST request and every answer is judged by GitHub's own description (see openapi.py);
what it finds stands in ``GitHubServer.problems``.
"""

from __future__ import annotations

import itertools
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from support.git_data import GitData, Refused
from support.openapi import Description, description

BOT = "github-actions[bot]"


@dataclass(frozen=True)
class Exchange:
    """One request and the status that answered it."""

    method: str
    path: str
    status: int


@dataclass
class Failure:
    """An answer to give instead of the real one, a number of times."""

    method: str
    path: str
    status: int
    message: str = "Server Error"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class GitHubServer:
    """Repositories' comments and pull requests, as far as the product asks for them.

    Attributes:
        login: Whom the token stands for.
        writable: Whether the token may write comments.
        comments: By pull request number, in their order.
        pulls: Open pull requests by number, as ``owner:branch``.
        changed: The files that a pull request changes, by number.
        proposed: What was said of pull requests that were opened here, by number.
        git: The repository behind the Git data API, where a test has one.
        runs: Finished runs by id, as ``owner/name:branch``.
        artifacts: By run id, the artifacts' names and zips.
        before: Called before each request is carried out, to arrange races.
    """

    def __init__(self, api: Description) -> None:
        self.api = api
        self.login = BOT
        self.writable = True
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.pulls: dict[int, str] = {}
        self.changed: dict[int, list[str]] = {}
        self.proposed: dict[int, dict[str, Any]] = {}
        self.git: GitData | None = None
        self.runs: dict[int, str] = {}
        self.artifacts: dict[int, dict[str, bytes]] = {}
        self.failures: list[Failure] = []
        self.exchanges: list[Exchange] = []
        self.problems: list[str] = []
        self.before: Callable[[str, str], None] = lambda method, path: None
        self.url = ""
        self.storage = ""
        self.authorizations_at_storage: list[str | None] = []
        self._ids = itertools.count(1001)
        self._lock = threading.RLock()

    def add_comment(self, number: int, body: str, author: str | None = None) -> dict[str, Any]:
        """Put a comment on a pull request, as ``author`` or as the token's owner."""
        with self._lock:
            comment = self.api.example("issue-comment")
            comment["id"] = next(self._ids)
            comment["body"] = body
            comment["user"]["login"] = author or self.login
            repo = "repos/octo/demo"
            comment["url"] = f"{self.url}/{repo}/issues/comments/{comment['id']}"
            comment["issue_url"] = f"{self.url}/{repo}/issues/{number}"
            comment["html_url"] = (
                f"https://github.com/octo/demo/pull/{number}#issuecomment-{comment['id']}"
            )
            self.comments.setdefault(number, []).append(comment)
            return comment

    def bodies(self, number: int) -> list[str]:
        return [comment["body"] for comment in self.comments.get(number, [])]

    def answer(self, method: str, target: str, raw: bytes) -> Answer:
        """Carry out one request and have the exchange judged."""
        path = urlsplit(target).path
        body = json.loads(raw) if raw else None
        self.before(method, path)
        with self._lock:
            answer = self._failure(method, path) or self._route(method, target, body)
            self.exchanges.append(Exchange(method, path, answer.status))
            if path != "/graphql":
                self.problems += self.api.problems(method, target, body, answer.status, answer.body)
        return answer

    def _failure(self, method: str, path: str) -> Answer | None:
        for failure in self.failures:
            if failure.method == method and re.search(failure.path, path) and failure.times:
                failure.times -= 1
                return Answer(failure.status, _error(failure.message), failure.headers)
        return None

    def _route(self, method: str, target: str, body: Any) -> Answer:  # noqa: C901, PLR0911 - a route each
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if method == "POST" and parts.path == "/graphql":
            assert body["query"] == "query { viewer { login } }"
            return Answer(200, {"data": {"viewer": {"login": self.login}}})
        if method != "GET" and not self.writable:
            return self._forbidden(parts.path)
        if self.git and (found := re.match(r"/repos/octo/demo/(git|commits)/", parts.path)):
            path = unquote(parts.path[found.end() :])
            path = path if found[1] == "git" else f"changes/{path}"
            return self._git(self.git, method, path, body)
        if found := re.fullmatch(r"/repos/octo/demo/issues/(\d+)/comments", parts.path):
            number = int(found[1])
            if method == "GET":
                return self._page(parts.path, self.comments.get(number, []), query)
            if len(body["body"]) > 65_536:
                return Answer(422, _error("Body is too long"))
            return Answer(201, self.add_comment(number, body["body"]))
        if found := re.fullmatch(r"/repos/octo/demo/issues/comments/(\d+)", parts.path):
            return self._change(method, int(found[1]), body)
        if found := re.fullmatch(r"/repos/octo/demo/pulls(?:/(\d+))?", parts.path):
            if method != "GET":
                return self._propose(int(found[1]) if found[1] else None, body)
            if found[1]:
                return Answer(200, self._pull_in_full(int(found[1])))
            matching = [n for n, head in self.pulls.items() if query.get("head") in {None, head}]
            return self._page(parts.path, [self._pull(number) for number in matching], query)
        if found := re.fullmatch(r"/repos/octo/demo/pulls/(\d+)/files", parts.path):
            files = [self._changed(name) for name in self.changed.get(int(found[1]), [])]
            return self._page(parts.path, files, query)
        if method == "GET" and "/actions/" in parts.path:
            return self._actions(parts.path, query)
        return Answer(404, _error("Not Found"))

    def _forbidden(self, path: str) -> Answer:
        needed = "contents=write" if "/git/" in path else "issues=write; pull_requests=write"
        headers = {"X-Accepted-GitHub-Permissions": needed}
        return Answer(403, _error("Resource not accessible by integration"), headers)

    def _actions(self, path: str, query: dict[str, str]) -> Answer:
        if found := re.fullmatch(r"/repos/octo/demo/actions/runs/(\d+)(/artifacts)?", path):
            run_id = int(found[1])
            if run_id not in self.runs:
                return Answer(404, _error("Not Found"))
            if not found[2]:
                return Answer(200, self._run(run_id))
            artifacts = [
                self._artifact(run_id, number, name)
                for number, name in enumerate(self.artifacts.get(run_id, {}))
            ]
            page = self._page(path, artifacts, query)
            return Answer(
                200, {"total_count": len(artifacts), "artifacts": page.body}, page.headers
            )
        if found := re.fullmatch(r"/repos/octo/demo/actions/artifacts/(\d+)/zip", path):
            return Answer(302, None, {"Location": f"{self.storage}/{found[1]}?sig=s3cret"})
        return Answer(404, _error("Not Found"))

    def _run(self, run_id: int) -> dict[str, Any]:
        run = self.api.example("workflow-run")
        repository, _, branch = self.runs[run_id].partition(":")
        run.update(id=run_id, run_attempt=1, head_branch=branch, head_sha="b" * 40)
        run["head_repository"]["full_name"] = repository
        run["url"] = f"{self.url}/repos/octo/demo/actions/runs/{run_id}"
        run["artifacts_url"] = f"{run['url']}/artifacts"
        return run

    def _artifact(self, run_id: int, number: int, name: str) -> dict[str, Any]:
        artifact = self.api.example("artifact")
        artifact.update(id=run_id * 100 + number, name=name)
        url = f"{self.url}/repos/octo/demo/actions/artifacts/{artifact['id']}"
        artifact.update(url=url, archive_download_url=f"{url}/zip")
        return artifact

    def _stored(self, artifact_id: int) -> bytes:
        return list(self.artifacts[artifact_id // 100].values())[artifact_id % 100]

    def _change(self, method: str, comment_id: int, body: Any) -> Answer:
        for comments in self.comments.values():
            for comment in comments:
                if comment["id"] == comment_id and method == "PATCH":
                    comment["body"] = body["body"]
                    return Answer(200, comment)
                if comment["id"] == comment_id and method == "DELETE":
                    comments.remove(comment)
                    return Answer(204)
        return Answer(404, _error("Not Found"))

    def _pull(self, number: int) -> dict[str, Any]:
        pull = self.api.example("pull-request-simple-items")[0]
        pull["number"] = number
        pull["url"] = f"{self.url}/repos/octo/demo/pulls/{number}"
        pull["html_url"] = f"https://github.com/octo/demo/pull/{number}"
        pull["requested_teams"] = []  # the example's own lack what the description requires
        pull["head"]["ref"] = self.pulls[number].partition(":")[2]
        return pull

    def _propose(self, number: int | None, body: Any) -> Answer:
        status = 200 if number else 201
        number = number or next(self._ids)
        self.proposed.setdefault(number, {}).update(body)
        if status == 201:
            self.pulls[number] = f"octo:{body['head']}"
        if body.get("state") == "closed":
            del self.pulls[number]
        return Answer(status, self._pull_in_full(number))

    def _pull_in_full(self, number: int) -> dict[str, Any]:
        pull = self.api.example("pull-request")
        pull["requested_teams"] = []  # as in _pull
        pull.update(number=number, html_url=f"https://github.com/octo/demo/pull/{number}")
        return pull

    def _changed(self, name: str) -> dict[str, Any]:
        return self.api.example("diff-entry-items")[0] | {"filename": name}

    def _git(self, git: GitData, method: str, path: str, body: Any) -> Answer:
        try:
            return Answer(*git.carry_out(method, path, body))
        except Refused as refused:
            return Answer(refused.status, _error(str(refused)))

    def _page(self, path: str, items: list[Any], query: dict[str, str]) -> Answer:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        rest = "&".join(f"{name}={value}" for name, value in query.items() if name != "page")
        more = page * size < len(items)
        link = {"Link": f'<{self.url}{path}?{rest}&page={page + 1}>; rel="next"'} if more else {}
        return Answer(200, items[(page - 1) * size : page * size], link)


@contextmanager
def serve(certificate: Path | None = None) -> Iterator[GitHubServer]:
    """A running server; on leaving the block it is gone. With a certificate it speaks TLS."""
    state = GitHubServer(description())

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            if self.path.startswith("/storage/"):
                self._download()
                return
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = state.answer(self.command, self.path, raw)
            content = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _download(self) -> None:
            state.authorizations_at_storage.append(self.headers.get("Authorization"))
            content = state._stored(int(urlsplit(self.path).path.rpartition("/")[2]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Keep the tests' output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    state.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    # Another host, as the real storage is: a client must not send it the token.
    state.storage = f"http://localhost:{server.server_port}/storage"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pull_request_event(head: str = "octo/demo", sha: str = "b" * 40) -> dict[str, Any]:
    """The payload of an event about pull request 5, from this repository or from a fork."""
    side = {"sha": sha, "ref": "feature", "repo": {"full_name": "octo/demo"}}
    pull = {
        "number": 5,
        "author_association": "MEMBER",
        "head": {**side, "repo": {"full_name": head}},
        "base": side,
    }
    return {"pull_request": pull}


def _error(message: str) -> dict[str, Any]:
    return {"message": message, "documentation_url": "https://docs.github.com/rest"}
