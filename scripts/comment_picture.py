# ruff: noqa: INP001 - a script, not a package
"""Draws docs/comment.png: the comment of a finished run, much as GitHub shows it.

    python scripts/comment_picture.py out/report.json docs/comment.png

Needs Chromium. The addresses in the comment are those of a repository that does not exist.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

from spec_to_production import reporting
from spec_to_production.github.relay import parse_report

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.browser import browser, find

WIDTH = 940
HEAD = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 16px; background: #fff; color: #1f2328; line-height: 1.5;
  font: 14px/1.5 "Noto Sans", Helvetica, Arial, sans-serif, "Noto Color Emoji" }
article { border: 1px solid #d1d9e0; border-radius: 6px }
header { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e }
header b { color: #1f2328 }
main { padding: 16px }
h3 { font-size: 20px; margin: 0 0 12px } h4 { font-size: 16px; margin: 24px 0 12px }
p, details { margin: 0 0 10px }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em;
  font: 85% "DejaVu Sans Mono", monospace }
table { border-collapse: collapse; margin-bottom: 16px }
th, td { border: 1px solid #d1d9e0; padding: 4px 13px }
tr:nth-child(even) td { background: #f6f8fa }
blockquote { margin: 0 0 12px; padding: 0 1em; color: #59636e; border-left: .25em solid #d1d9e0 }
a { color: #0969da; text-decoration: none } sub { font-size: 12px; color: #59636e }
</style><article><header><b>github-actions</b> commented</header><main>"""


def main(report: Path, picture: Path) -> None:
    """Render the comment and write its picture."""
    result = parse_report(report.read_bytes())
    links = reporting.Links(
        server="https://github.com",
        repository="octo/demo",
        sha=result.base_commit or "0" * 40,
        run_id=4711,
        run_attempt=1,
        artifact_name="spec-to-production-tests-default-1",
        artifact_url="https://github.com/octo/demo/actions/runs/4711/artifacts/77",
    )
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "comment.html"
        page.write_text(HEAD + markdown.render(reporting.comment(result, links=links)), "utf-8")
        with browser(find() or sys.exit("Chromium is needed."), Path(folder) / "profile") as tab:
            tab.open(page, width=WIDTH)
            height = tab.evaluate("document.documentElement.scrollHeight")
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
            shot = tab.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
    picture.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
