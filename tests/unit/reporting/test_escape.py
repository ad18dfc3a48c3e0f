import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.reporting.escape import code, fence, mermaid, one_line, prose, text, visible
from support.gfm import foreign, tokens

ACTIVE = st.text(alphabet="`|<>[]()!@#*_~\\$:/-=+.&;^\"'\n\r\t 01aAfwGH\u202e\u200b")
ANY = st.one_of(st.text(), ACTIVE)


def read_back(markdown: str) -> str:
    """What a reader sees, without the zero-width spaces that break references."""
    shown = "".join(t.content for t in tokens(markdown) if t.type in {"text", "code_inline"})
    return shown.replace("\u200b", "")


@given(ANY)
def test_text_is_read_as_it_was_and_nothing_in_it_is_live(value):
    escaped = str(text(value))

    assert foreign(f"x {escaped} x") == []
    assert read_back(f"x {escaped} x") == f"x {one_line(value)} x".replace("\u200b", "")


@given(ANY)
def test_text_at_the_start_of_a_line_opens_no_block(value):
    kinds = {token.type for token in tokens(str(text(value)))}

    assert kinds <= {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "html_inline",
        "softbreak",
    }


@given(ANY)
def test_text_is_also_html(value):
    escaped = re.sub(r"<span>\$</span>", "$", str(text(value)))

    assert "<" not in escaped
    assert html.unescape(escaped).replace("\u200b", "") == one_line(value).replace("\u200b", "")


@given(ANY)
def test_code_stays_one_span_in_a_table(value):
    row = f"| a | b |\n|---|---|\n| {code(value)} | end |\n"

    cells = [t for t in tokens(row) if t.type == "td_open"]
    assert len(cells) == 2
    assert foreign(row) == []
    assert row.splitlines()[2].count("|") == 3


@given(ANY)
def test_nothing_ends_a_fence_but_its_end(value):
    document = f"{fence(value, 'python')}\n\nafter\n"

    block, *rest = tokens(document)
    assert block.type == "fence"
    assert block.content.strip("\n") == visible(value).strip("\n")
    assert [t.content for t in rest if t.type == "text"] == ["after"]


@given(ANY)
def test_a_chart_label_holds_nothing_that_mermaid_reads(value):
    label = str(mermaid(value))

    assert label
    assert not set(label) & set(":;#%,\n\"'`<>{}[]&")


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\x1b[31m", "␛[31m"),
        ("\u202e", "[U+202E]"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x00", "␀"),
        ("\x85", "[U+0085]"),
        ("👩‍👩‍👧 \u05d0 नि", "👩‍👩‍👧 \u05d0 नि"),
    ],
)
def test_what_hides_is_shown_and_scripts_are_left_alone(hidden, shown):
    assert visible(hidden) == shown


@pytest.mark.parametrize(
    "value",
    [
        "@octocat",
        "@acme/team",
        "#123",
        "acme/calc#1",
        "GH-12",
        "gh-12",
        "0123456789abcdef0123456789abcdef01234567",
        "acme/calc@0123456789",
        "https://evil.example",
        "ftp://evil.example",
        "www.evil.example",
        "a@evil.example",
        ":tada:",
        "[a](https://evil.example)",
        "![a](https://evil.example)",
        "<https://evil.example>",
        "[^1]",
        "<b>",
        "&lt;b&gt;",
        "1. one",
        "# head",
        "> [!NOTE]",
        "---",
        "    indented",
    ],
)
def test_nothing_that_github_links_or_renders_survives(value):
    assert foreign(str(text(value))) == []
    assert read_back(str(text(value))) == value.strip()


@pytest.mark.parametrize("word", ["succeeded", "57.0 s", "-5", "3.11", "FR-1", "1,200"])
def test_ordinary_words_stay_as_they_are(word):
    assert str(text(word)) == word


def test_prose_shows_what_stands_between_backticks_as_code():
    assert str(prose("raises `A_b` or `None`, never ``x``")) == (
        "raises <code>A_b</code> or <code>None</code>, never &#96;&#96;x&#96;&#96;"
    )


@given(ANY)
def test_nothing_in_prose_is_live(value):
    assert foreign(f"x {prose(value)} x") == []


def test_long_text_is_cut_with_a_sign():
    assert one_line("a" * 50, 10) == "a" * 9 + "…"
    assert one_line("an assertion failed", 15) == "an assertion…"
    assert one_line("an assertion failed", 13) == "an assertion…"
    assert one_line("a " + "b" * 50, 10) == "a " + "b" * 7 + "…"
