"""Small facts that a run leaves for the next one, a file each."""

import pytest

from spec_to_production.generation.disputes import Disputes
from spec_to_production.generation.durations import Durations

KINDS = [(Durations, {"a": 1.5}), (Disputes, {"spec.md src": ("FR-1",)})]


@pytest.mark.parametrize(("kind", "facts"), KINDS)
def test_what_was_written_is_read_again(tmp_path, kind, facts):
    for each, written in KINDS:
        each(written).write(tmp_path / "kept")

    assert kind.read(tmp_path / "kept").root == facts


@pytest.mark.parametrize(("kind", "facts"), KINDS)
def test_who_writes_learns_that_it_cannot_be_written(tmp_path, kind, facts):
    (tmp_path / "kept").write_text("in the way")

    with pytest.raises(FileExistsError):
        kind(facts).write(tmp_path / "kept")


@pytest.mark.parametrize(("kind", "name"), [(Durations, "durations"), (Disputes, "disputes")])
def test_a_file_that_is_not_ours_is_as_none(tmp_path, kind, name):
    (tmp_path / f"{name}.json").write_text("[1]")

    assert kind.read(tmp_path).root == {}
    assert kind.read(tmp_path / "missing").root == {}
