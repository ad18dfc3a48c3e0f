from textkit import shorten, slugify, table


def test_slug_of_two_words():
    assert slugify("Hello World") == "hello-world"


def test_text_that_fits():
    assert shorten("short", 10) == "short"


def test_table_of_text():
    assert table([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc  d"
