"""``report.html`` in a real browser: what is hostile does nothing, and everyone can read it."""

from itertools import pairwise

import pytest

from spec_to_production.reporting import html
from support import browser
from support.results import hostile, make_result, states

PROGRAM = browser.find()
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine"),
]

SHOWN = "[...document.querySelectorAll('.test')].filter(t => !t.hidden).map(t => t.dataset.verdict)"

# Contrast as WCAG 2 defines it, for every element that has text of its own.
LOW_CONTRAST = """
(() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${element.className} ${element.textContent.slice(0, 30)} ${ratio}`);
  }
  return low;
})()
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser.browser(PROGRAM, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def show(page, tmp_path):
    def opened(result, *, width=1200, dark=False):
        path = tmp_path / "report.html"
        path.write_text(html(result), "utf-8")
        page.open(path, width=width, dark=dark)
        return page

    return opened


def test_hostile_text_runs_nothing_and_asks_for_nothing(show):
    bad = (
        "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
        "</script><script>document.title='owned'</script><svg onload=\"document.title='owned'\">"
        '</style><style>*{display:none}</style>"><b onmouseover=alert(1)>{{ 7 * 7 }}'
    )

    page = show(hostile(6, bad=bad))

    assert page.evaluate("document.title").startswith("2 disputes need a decision")
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("document.images.length") == 0
    assert page.evaluate("document.querySelector('.test code').textContent")
    assert bad in page.evaluate("document.body.textContent")
    assert [url for url in page.requests() if not url.startswith("file:")] == []
    assert page.complaints() == []


@pytest.mark.parametrize("name", states())
def test_every_state_opens_without_a_complaint(show, name):
    page = show(states()[name])

    assert page.complaints() == []
    assert page.evaluate("document.querySelector('h1').textContent.length") > 5


def test_the_policy_refuses_a_script_that_is_not_ours(show, page):
    show(make_result())

    page.evaluate(
        "(() => { const s = document.createElement('script');"
        " s.textContent = 'document.title = \"owned\"'; document.body.append(s); })()"
    )

    assert page.evaluate("document.title") != "owned"


def test_tests_are_filtered_by_verdict_and_by_words(show):
    page = show(make_result())
    assert page.evaluate("document.getElementById('filter').hidden") is False
    assert len(page.evaluate(SHOWN)) == 6

    page.evaluate("document.querySelector('input[value=rejected]').click()")
    assert page.evaluate(SHOWN) == ["rejected", "rejected"]
    assert page.evaluate("document.getElementById('shown').textContent") == "2 of 6 shown"

    page.evaluate(
        "(() => { const s = document.getElementById('search'); s.value = 'FLAKY';"
        " s.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert page.evaluate(SHOWN) == ["rejected"]


def test_a_link_to_a_test_opens_it(show):
    page = show(make_result())

    page.evaluate(
        "new Promise((done) => { window.addEventListener('hashchange', () => done());"
        " document.querySelector('#disputes a[href^=\"#test-\"]').click(); })"
    )

    assert (
        page.evaluate("document.querySelector('details.test[open]').dataset.verdict") == "disputed"
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_has_enough_contrast(show, dark):
    page = show(make_result(model_is_recorded=True), dark=dark)

    assert page.evaluate(LOW_CONTRAST) == []


def test_dark_mode_is_dark(show):
    page = show(make_result(), dark=True)

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 23)"


@pytest.mark.parametrize(
    "result", [make_result(), hostile(6, bad="x" * 3000)], ids=["usual", "long"]
)
def test_a_phone_scrolls_down_only(show, result):
    page = show(result, width=390)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_keyboard_and_a_screen_reader_find_their_way(show):
    page = show(make_result())

    assert page.evaluate("document.documentElement.lang") == "en"
    for landmark in ("header", "nav[aria-label]", "main", "footer", "a.skip[href='#main']"):
        assert page.evaluate(f'document.querySelectorAll("{landmark}").length') == 1, landmark
    unnamed = (
        "[...document.querySelectorAll('input')].filter((i) => !i.labels.length).length"
        " + [...document.querySelectorAll('section')].filter((s) =>"
        " !document.getElementById(s.getAttribute('aria-labelledby'))).length"
    )
    assert page.evaluate(unnamed) == 0
    unreachable = (
        "[...document.querySelectorAll('.scroll, pre')].filter((e) => e.tabIndex !== 0).length"
    )
    assert page.evaluate(unreachable) == 0
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((h) => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
