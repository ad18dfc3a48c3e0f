import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.github.comment import (
    Comment,
    Create,
    Edit,
    Keep,
    Marker,
    plan,
)

US = "github-actions[bot]"
IDS = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)
MARKERS = st.builds(
    Marker, comment_id=IDS, run_id=st.integers(1, 10**15), attempt=st.integers(1, 10**3)
)


def body(run=1, attempt=1, text="text", comment_id="default"):
    return f"{Marker(comment_id, run, attempt)}\n{text}"


def comment(number, content, author=US):
    return Comment(number, author, content, f"https://github.com/c/{number}")


@given(MARKERS, st.text())
def test_a_marker_is_read_back(marker, text):
    assert Marker.read(f"{marker}\n{text}") == marker


@given(st.text(min_size=1), MARKERS)
def test_a_marker_that_does_not_come_first_counts_for_nothing(before, marker):
    assert Marker.read(f"{before}{marker}") is None


def test_without_one_of_ours_a_comment_is_created():
    others = [comment(1, "hello"), comment(2, body(), author="someone")]

    assert plan(others, author=US, body=body()).write == Create()


def test_ours_is_edited_by_a_newer_run():
    ours = comment(7, body(run=1, attempt=2))

    assert plan([ours], author=US, body=body(run=2)).write == Edit(ours)
    assert plan([ours], author=US, body=body(run=1, attempt=3)).write == Edit(ours)


def test_the_same_text_of_the_same_run_is_not_written_again():
    ours = comment(7, body())

    assert plan([ours], author=US, body=body()).write == Keep(ours)


def test_a_newer_runs_comment_stays():
    ours = comment(7, body(run=3))

    assert plan([ours], author=US, body=body(run=2, text="old news")).write == Keep(ours)


def test_another_comment_id_is_another_comment():
    ours = comment(7, body(comment_id="docs"))

    assert plan([ours], author=US, body=body(run=2)).write == Create()


def test_duplicates_are_removed_and_the_newest_stays():
    first, second, third = (comment(n, body(run=n)) for n in (1, 2, 3))
    decided = plan([first, third, second], author=US, body=body(run=9))

    assert decided.write == Edit(third)
    assert decided.remove == (first, second)


@given(st.lists(st.tuples(MARKERS, st.sampled_from([US, "someone"])), max_size=6), MARKERS)
def test_after_any_plan_one_comment_of_ours_is_left_and_it_is_the_newest(existing, marker):
    comments = [comment(n, f"{m}\n", who) for n, (m, who) in enumerate(existing)]
    decided = plan(comments, author=US, body=f"{marker}\nnew")
    left = [c for c in comments if c not in decided.remove]
    ours = [
        Marker.read(c.body).age
        for c in left
        if c.author == US and Marker.read(c.body).comment_id == marker.comment_id
    ]

    assert all(removed.author == US for removed in decided.remove)
    match decided.write:
        case Create():
            assert ours == []
        case Edit(target):
            assert ours == [Marker.read(target.body).age]
            assert ours[0] <= marker.age
        case Keep(target):
            assert ours == [Marker.read(target.body).age]
            assert ours[0] > marker.age


def test_a_body_without_a_marker_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="marker"):
        plan([], author=US, body="text")
