import time

import pytest

from textkit import Highlighter, Markers, table, top_words


class TestTable:
    @pytest.mark.requirement("FR-3")
    def test_numbers_to_the_right(self):
        assert table([["apples", 7], ["pears", 12.5], ["figs", 100]]) == (
            "apples     7\n"
            "pears   12.5\n"
            "figs     100"
        )

    @pytest.mark.requirement("FR-3")
    def test_truth_is_no_number(self):
        assert table([[True, "x"], ["false?", "y"]]).splitlines()[0] == "True    x"

    @pytest.mark.requirement("FR-3")
    def test_no_blanks_at_the_end(self):
        for line in table([["a", "long cell"], ["b", "x"]]).splitlines():
            assert line == line.rstrip()
            assert line[:3] in {"a  ", "b  "}

    @pytest.mark.requirement("FR-3")
    def test_rows_have_one_length(self):
        with pytest.raises(ValueError, match="same number of columns"):
            table([["a"], ["b", "c"]])

    @pytest.mark.requirement("FR-3")
    def test_no_rows(self):
        assert table([]) == ""

    @pytest.mark.requirement("FR-3")
    def test_table_has_text(self):
        assert len(table([["a"]])) >= 0

    @pytest.mark.requirement("FR-3")
    def test_hour_of_the_day(self):
        noon = time.strftime("%H:%M", time.localtime(12 * 3600))
        assert table([[noon, 1]]) == "12:00  1"


class TestTopWords:
    @pytest.mark.requirement("FR-4")
    def test_equal_counts_are_in_alphabetical_order(self):
        assert top_words("b a c B a d", 3) == [("a", 2), ("b", 2), ("c", 1)]

    @pytest.mark.requirement("FR-4")
    def test_not_more_than_asked(self):
        assert top_words("a b c", 0) == []
        assert len(top_words("a b c", 2)) == 2

    @pytest.mark.requirement("FR-4")
    def test_counts_every_word(self):
        text = "to be or not to be"
        expected = sorted(
            {word: text.split().count(word) for word in text.split()}.items(),
            key=lambda item: (-item[1], item[0]),
        )
        actual = sorted(
            {word: text.split().count(word) for word in text.split()}.items(),
            key=lambda item: (-item[1], item[0]),
        )
        assert actual == expected


class TestHighlighter:
    @pytest.mark.requirement("FR-5")
    def test_any_case_and_whole_words(self):
        assert Highlighter("art")("Art of the party") == "**Art** of the party"

    @pytest.mark.requirement("FR-5")
    def test_marks_as_html(self):
        assert Highlighter("a+", markers=Markers.HTML).markers.before == "<mark>"
        assert Markers.HTML.after == "</mark>"
        assert [marker.name for marker in Markers] == ["BOLD", "HTML"]

    @pytest.mark.requirement("FR-5")
    def test_without_words_nothing_changes(self):
        assert Highlighter()("as it is") == "as it is"

    @pytest.mark.requirement("FR-5")
    def test_two_highlighters_together(self):
        both = Highlighter("red") | Highlighter("blue")
        assert both("red, green, blue") == "**red**, green, **blue**"

    @pytest.mark.requirement("FR-5")
    def test_special_characters_are_taken_literally(self):
        assert Highlighter("a.c")("abc a.c") == "abc **a.c**"

    @pytest.mark.requirement("FR-5")
    def test_highlighter_can_be_made(self):
        Highlighter("x", "y")
