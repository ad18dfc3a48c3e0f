import pytest

from textkit import slugify


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Crème brûlée", "creme-brulee"),
        ("  --Hello,   World!--  ", "hello-world"),
        ("C3PO & R2D2", "c3po-r2d2"),
        ("don't", "don-t"),
    ],
)
def test_slug(title, slug):
    assert slugify(title) == slug


@pytest.mark.requirement("FR-1")
@pytest.mark.parametrize("title", ["", "!?", "日本"])
def test_untitled(title):
    assert slugify(title) == "untitled"


def test_fr_1_never_two_hyphens_in_a_row():
    for separator in " -_/.,:;":
        slug = slugify(f"{separator}a{separator * 3}b{separator}")
        assert "--" not in slug
        assert slug.strip("-") == slug == "a-b"


@pytest.mark.requirement("FR-1")
def test_slug_of_a_slug_is_itself():
    slug = slugify("Any Title, Really")
    assert slugify(slug) == slug == "any-title-really"


@pytest.mark.requirement("FR-1")
def test_slug_is_a_slug():
    title = "Hello World"
    expected = slugify(title)
    for _ in range(3):
        assert slugify(title) == expected


@pytest.mark.requirement("FR-1")
def test_umlauts_are_written_out():
    assert slugify("Übergröße") == "uebergroesse"


@pytest.mark.requirement("FR-1")
def test_slug_of_the_empty_title():
    assert slugify("") == ""
