"""The comment at the width of a phone, by GitHub's rules for tables and long words."""

import pytest
from markdown_it import MarkdownIt

from spec_to_production.reporting import Links, comment
from spec_to_production.results import Verification
from support import browser
from support.results import accepted, disputed, job, make_result, rejected

PROGRAM = browser.find()
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine"),
]

# What a comment's text has of a phone of 390 pixels, and what decides there how wide a table is:
# https://github.com/sindresorhus/github-markdown-css
ROOM = 324
STYLE = """<!doctype html><meta charset="utf-8"><style>
main { width: %dpx; overflow-wrap: anywhere;
  font: 14px/1.5 "Noto Sans", Helvetica, Arial, sans-serif }
table { display: block; width: max-content; max-width: 100%%; overflow: auto; border-spacing: 0;
  border-collapse: collapse; overflow-wrap: normal }
th, td { border: 1px solid; padding: 6px 13px }
code { padding: .2em .4em; font: 85%% "DejaVu Sans Mono", monospace; white-space: break-spaces }
pre { overflow: auto }
</style><main>"""
SCROLLED = """[...document.querySelectorAll("table")]
  .filter((table) => table.scrollWidth > table.clientWidth)
  .map((table) => table.rows[0].innerText)"""


def test_no_table_has_to_be_scrolled_on_a_phone(tmp_path):
    long = "test_an_expression_that_names_an_unknown_function_is_refused_with_its_name"
    kept = job(1, "src/calculator/expression.py", "FR-1", trajectory=f"trajectories/{long}.jsonl")
    tests = (
        accepted("test_add", "FR-1"),
        disputed("test_zero", "FR-4"),
        rejected(long, "order_dependent", "It fails after `test_memory_is_kept_between_calls`."),
    )
    ledger = make_result().verification.requirements
    result = make_result(jobs=(kept,), verification=Verification(tests=tests, requirements=ledger))
    text = comment(result, links=Links(artifact_url="https://github.com/a/b/actions/runs/1"))
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    page = tmp_path / "comment.html"
    opened = markdown.render(text).replace("<details>", "<details open>")
    page.write_text(STYLE % ROOM + opened, "utf-8")

    with browser.browser(PROGRAM, tmp_path / "profile") as tab:
        tab.open(page, width=390)
        assert tab.evaluate("document.querySelectorAll('table').length") >= 3
        assert tab.evaluate(SCROLLED) == []
        assert tab.evaluate("document.querySelector('main').scrollWidth") <= ROOM
