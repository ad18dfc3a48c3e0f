"""Where a reader can go from a report; nothing of it is needed to write one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Links:
    """Addresses of this run, all trusted: they come from the runner, not from the checkout.

    Attributes:
        server: The web address of GitHub, ``https://github.com``.
        repository: ``owner/name``.
        sha: The commit whose lines the links show.
        run_id: The workflow run.
        run_attempt: Its attempt, counted from 1.
        artifact_name: The uploaded artifact, by the name that ``gh run download`` takes.
        artifact_url: The uploaded artifact, in a browser.
        delivered_url: The commit or the pull request that brings the tests, in a browser.
    """

    server: str | None = None
    repository: str | None = None
    sha: str | None = None
    run_id: int | None = None
    run_attempt: int | None = None
    artifact_name: str | None = None
    artifact_url: str | None = None
    delivered_url: str | None = None

    def line(self, path: str, line: int) -> str | None:
        """The permanent address of a line; ``None`` when the place is not known.

        A Markdown file shows its lines only with ``?plain=1``. A path out of the repository, as
        another run may claim one, has no address.
        """
        inside = ".." not in path.split("/")
        if not (self.server and self.repository and self.sha and inside):
            return None
        plain = "?plain=1" if path.lower().endswith(".md") else ""
        return f"{self.server}/{self.repository}/blob/{self.sha}/{quote(path)}{plain}#L{line}"

    @property
    def run_url(self) -> str | None:
        """The workflow run, in a browser."""
        if not (self.server and self.repository and self.run_id):
            return None
        return f"{self.server}/{self.repository}/actions/runs/{self.run_id}"
