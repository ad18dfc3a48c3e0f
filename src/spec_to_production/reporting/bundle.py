"""All report files of a run, by name."""

from __future__ import annotations

from typing import Final

from spec_to_production.reporting.junit_xml import junit
from spec_to_production.reporting.links import Links
from spec_to_production.reporting.markdown import comment, summary
from spec_to_production.reporting.page import html
from spec_to_production.results import WorkflowResult

_NO_LINKS: Final = Links()


def files(result: WorkflowResult, links: Links = _NO_LINKS) -> dict[str, str]:
    """The text of every report file, for a writer to put into the output folder."""
    return {
        "report.json": result.model_dump_json(indent=2) + "\n",
        "report.html": html(result, links),
        "comment.md": comment(result, links=links),
        "summary.md": summary(result, links=links),
        "junit.xml": junit(result),
    }
