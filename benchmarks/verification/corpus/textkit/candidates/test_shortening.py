import random
import re
import string

import pytest

from textkit import ELLIPSIS, shorten


@pytest.mark.requirement("FR-2")
def test_never_longer_than_the_limit():
    text = "Donaudampfschifffahrtsgesellschaft"
    for limit in range(1, len(text)):
        assert len(shorten(text, limit)) <= limit


@pytest.mark.requirement("FR-2")
def test_word_that_is_cut_makes_room_for_the_ellipsis():
    assert shorten("abcdefghij", 5) == "abcd…"


@pytest.mark.requirement("FR-2")
def test_cuts_between_words():
    assert shorten("one two three", 10) == "one two…"


@pytest.mark.requirement("FR-2")
def test_ellipsis_is_one_character():
    assert ELLIPSIS == "\N{HORIZONTAL ELLIPSIS}"


@pytest.mark.requirement("FR-2")
@pytest.mark.parametrize("limit", [0, -5])
def test_limit_is_at_least_one(limit):
    with pytest.raises(ValueError, match=re.escape(str(limit))):
        shorten("text", limit)


@pytest.mark.requirement("FR-2")
def test_text_as_long_as_the_limit_fits():
    assert shorten("12345", 5) == "12345"


@pytest.mark.requirement("FR-2")
def test_shorter_text_is_not_longer():
    for limit in range(1, 20):
        assert len(shorten("a b c d e f", limit)) <= len("a b c d e f") + len(ELLIPSIS) + limit


@pytest.mark.requirement("FR-2")
def test_random_text_is_cut_at_a_blank():
    text = "".join(random.choices(string.ascii_lowercase + " ", k=30)).strip()
    assert shorten(text, 20)[:-1].strip() in text
    assert shorten(text, 20).endswith(ELLIPSIS)
    assert " " in text[:20]


@pytest.mark.requirement("FR-2")
def test_nearly_fitting_text():
    text = "x" * (random.randrange(50) + 10)
    assert shorten(text, 58) == text
