"""GitHub's Git data API over a real bare repository."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

AUTHOR = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "GitHub"), ("EMAIL", "noreply@github.com"))
}


class Refused(Exception):  # noqa: N818 - it is an answer
    """What the real API answers with 404 or 422."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class GitData:
    """The refs, trees and commits of one repository; ``forms`` gives an answer's usual form."""

    def __init__(self, repository: Path, url: str, form: Callable[[str], dict[str, Any]]) -> None:
        self.repository = repository
        self.url = url
        self._form = form

    def carry_out(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and body for a request, its path counted from ``…/git/``."""
        routes: list[tuple[str, str, Callable[..., tuple[int, Any]]]] = [
            ("GET", r"ref/(heads/.+)", lambda ref: (200, self._ref(ref))),
            ("PATCH", r"refs/(heads/.+)", lambda ref: self._move(ref, body)),
            ("DELETE", r"refs/(heads/.+)", self._delete),
            ("POST", r"refs", lambda: self._create(body)),
            ("GET", r"commits/([0-9a-f]{40})", lambda sha: (200, self._commit(sha))),
            ("POST", r"commits", lambda: self._make_commit(body)),
            ("POST", r"trees", lambda: self._make_tree(body)),
            # Not of the Git data API: what a commit changed.
            ("GET", r"changes/([0-9a-f]{40})", lambda sha: (200, self._changes(sha))),
        ]
        for known, pattern, act in routes:
            if known == method and (found := re.fullmatch(pattern, path)):
                return act(*found.groups())
        raise Refused(404, "Not Found")

    def git(self, *arguments: str, stdin: str = "", **env: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.repository, *arguments],
            input=stdin,
            env={**os.environ, **AUTHOR, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Refused(422, done.stderr)
        return done.stdout.strip()

    def _ref(self, ref: str) -> dict[str, Any]:
        try:
            sha = self.git("rev-parse", "--verify", "--quiet", f"refs/{ref}")
        except Refused:
            raise Refused(404, "Not Found") from None
        told = self._form("git-ref")
        told.update(ref=f"refs/{ref}", url=f"{self.url}/refs/{ref}")
        told["object"].update(sha=sha, url=f"{self.url}/commits/{sha}")
        return told

    def _move(self, ref: str, body: Any) -> tuple[int, Any]:
        old = self._ref(ref)["object"]["sha"]
        if not body.get("force"):
            try:
                self.git("merge-base", "--is-ancestor", old, body["sha"])
            except Refused:
                raise Refused(422, "Update is not a fast forward") from None
        self.git("update-ref", f"refs/{ref}", body["sha"], old)
        return 200, self._ref(ref)

    def _create(self, body: Any) -> tuple[int, Any]:
        self.git("update-ref", body["ref"], body["sha"], "0" * 40)
        return 201, self._ref(body["ref"].removeprefix("refs/"))

    def _delete(self, ref: str) -> tuple[int, Any]:
        self.git("update-ref", "-d", f"refs/{ref}", self._ref(ref)["object"]["sha"])
        return 204, None

    def _commit(self, sha: str) -> dict[str, Any]:
        told = self._form("git-commit")
        tree, message = self.git("show", "-s", "--format=%T%n%B", sha).split("\n", 1)
        told.update(sha=sha, message=message.strip(), url=f"{self.url}/commits/{sha}")
        told["html_url"] = f"https://github.com/octo/demo/commit/{sha}"
        told["tree"].update(sha=tree, url=f"{self.url}/trees/{tree}")
        return told

    def _changes(self, sha: str) -> dict[str, Any]:
        told = self._form("commit")
        told.update(sha=sha, files=[])
        for line in self.git("diff-tree", "-r", "--no-commit-id", sha).splitlines():
            details, name = line.split("\t")
            changed = self._form("diff-entry-items")[0]
            changed.update(filename=name, sha=details.split()[3], status="added")
            told["files"].append(changed)
        return told

    def _make_commit(self, body: Any) -> tuple[int, Any]:
        parents = [part for parent in body["parents"] for part in ("-p", parent)]
        return 201, self._commit(
            self.git("commit-tree", body["tree"], *parents, stdin=body["message"])
        )

    def _make_tree(self, body: Any) -> tuple[int, Any]:
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.git("read-tree", body["base_tree"], **index)
            for item in body["tree"]:
                blob = item.get("sha") or self.git(
                    "hash-object", "-w", "--stdin", stdin=item["content"]
                )
                entry = f"{item['mode']},{blob},{item['path']}"
                self.git("update-index", "--add", "--cacheinfo", entry, **index)
            sha = self.git("write-tree", **index)
        told = self._form("git-tree")
        told.update(sha=sha, url=f"{self.url}/trees/{sha}")
        return 201, told
