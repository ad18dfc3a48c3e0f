import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_to_production.reporting import Links, html
from support.results import HOSTILE, hostile, make_result, states

STATES = states()
VOID = {"meta", "br", "input", "rect"}


class Outline(HTMLParser):
    """Tags, attributes and text of a page; complains where tags do not nest."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_every_state_is_a_well_formed_page(state):
    outline = Outline(html(state))

    assert outline.tags.count("main") == 1
    assert outline.tags.count("h1") == 1


def test_the_page_needs_no_network_and_runs_only_its_own_script():
    page = html(make_result())
    outline = Outline(page)

    assert not {"link", "img", "iframe"} & set(outline.tags)
    assert "default-src 'none'" in page
    assert outline.tags.count("script") == 1
    assert not [name for name, _ in outline.attributes if name == "style" or name.startswith("on")]


def test_every_link_leads_to_a_place_in_the_page():
    attributes = Outline(html(make_result())).attributes
    ids = {value for name, value in attributes if name == "id"}
    targets = [value for name, value in attributes if name == "href"]

    assert targets
    assert {target.removeprefix("#") for target in targets} <= ids


def test_with_links_the_code_is_one_click_away():
    links = Links(server="https://github.com", repository="acme/calc", sha="abc")

    page = html(make_result(), links)

    assert 'href="https://github.com/acme/calc/blob/abc/src/calculator/operations.py#L31"' in page


def test_each_test_stands_with_its_code_evidence_and_mutants():
    page = html(make_result())

    for test in make_result().verification.tests:
        assert test.id.partition("::")[2] in page
    for told in (
        "operations.py:12 return None",
        "failed in 1 of 9 runs",
        "raises(CalculatorError)",
    ):
        assert told in page


def test_the_diff_is_marked_by_line():
    page = html(make_result())

    assert '<span class="removed">-import os</span>' in page
    assert '<span class="added">+from __future__ import annotations</span>' in page
    assert '<span class="file">--- a/src/calculator/operations.py</span>' in page


def test_a_recorded_model_is_said_at_the_top():
    page = html(STATES["recorded model"])

    assert page.index("The model was a recording") < page.index("<nav")


def test_hidden_characters_are_shown():
    text = "".join(Outline(html(hostile(3))).words)

    assert "[U+202E]" in text
    assert "\u202e" not in text
    assert "\x1b" not in text


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(st.text(max_size=60), st.sampled_from(re.split(" ", HOSTILE))))
def test_no_text_adds_a_tag(bad):
    plain, foreign = Outline(html(hostile(3, bad="x"))), Outline(html(hostile(3, bad=bad)))

    extra = set(foreign.tags) - set(plain.tags)
    assert extra <= {"code", "br"}
    assert foreign.tags.count("script") == 1
