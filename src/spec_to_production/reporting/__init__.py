"""Reports: each one a pure function of the result, all text from outside made harmless."""

from spec_to_production.reporting.annotation import Annotation, annotations
from spec_to_production.reporting.bundle import files
from spec_to_production.reporting.junit_xml import junit
from spec_to_production.reporting.links import Links
from spec_to_production.reporting.markdown import comment, summary
from spec_to_production.reporting.page import html
from spec_to_production.reporting.terminal import plan_table, summary_table

__all__ = [
    "Annotation",
    "Links",
    "annotations",
    "comment",
    "files",
    "html",
    "junit",
    "plan_table",
    "summary",
    "summary_table",
]
