"""What a test put in the place of what it tests, and whether it asserts anything else."""

from __future__ import annotations

import ast
import textwrap

import pytest

from spec_to_production.verification.definitions import functions_of
from spec_to_production.verification.replacements import asked_replacements


def asked(body, head="def test(repo, monkeypatch):"):
    source = f"{head}\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    (function,) = functions_of(ast.parse(source), source)
    return asked_replacements(source, function)


@pytest.mark.parametrize(
    "body",
    [
        """
        with patch.object(Repo, "search", return_value=iter([Ticket("a")])) as search:
            assert [t.title for t in repo.search("a")] == ["a"]
        assert search.called""",
        """
        with mock.patch("shop.search", return_value=7):
            assert shop.search() == 7""",
        """
        monkeypatch.setattr(repo, "search", lambda text: [text])
        found = repo.search("a")
        assert len(found) == 1""",
        """
        expected = Ticket("a")
        search = mocker.patch.object(repo, "search", return_value=expected)
        assert repo.search("a") == expected
        search.assert_called_once_with("a")""",
    ],
)
def test_that_all_it_asserts_is_its_own_is_noticed(body):
    assert asked(body) == {"search"}


@pytest.mark.parametrize(
    "body",
    [
        # It asks something else, which may use what it replaced.
        """
        with patch.object(Repo, "search", return_value=[]) as search:
            assert repo.count("a") == 0
        search.assert_called_once_with("a")""",
        """
        with patch.object(Repo, "search", return_value=[1]):
            assert repo.count("a") == len(repo.search("a"))""",
        """
        monkeypatch.setattr(repo, "search", lambda text: [text])
        total = repo.count("a")
        assert total == len(repo.search("a"))""",
        # A spy passes on.
        """
        with patch.object(repo, "search", wraps=repo.search) as search:
            assert repo.search("a") == []
        search.assert_called_once()""",
        """
        with patch.object(Repo, "connect", side_effect=OSError), pytest.raises(RepoError):
            repo.open()""",
        "assert repo.search('a') == []",
    ],
)
def test_who_asserts_something_else_as_well_is_left_alone(body):
    assert asked(body) == set()
