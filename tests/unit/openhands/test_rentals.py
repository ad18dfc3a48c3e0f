import fcntl

import pytest

from spec_to_production.openhands.rentals import Rentals


def test_what_a_living_run_rents_is_left_to_it(tmp_path):
    one, other = Rentals(tmp_path / "kept"), Rentals(tmp_path / "kept")
    one.begin("box")
    assert other.left() == []
    one.leave("box")
    assert other.left() == ["box"]
    other.end("box")
    assert one.left() == []


def test_what_is_being_rented_is_left_to_who_rents_it(tmp_path, monkeypatch):
    one, other = Rentals(tmp_path / "kept"), Rentals(tmp_path / "kept")
    lock, seen = fcntl.flock, []

    def lock_after_another_has_looked(file, how):
        monkeypatch.setattr(fcntl, "flock", lock)
        seen.extend(other.left())
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", lock_after_another_has_looked)
    one.begin("box")

    assert seen == other.left() == []
    one.end("box")
    assert not list((tmp_path / "kept").iterdir())


@pytest.mark.parametrize("name", ["..", "a b", "x" * 101, "ä"])
def test_a_name_that_is_no_id_is_never_asked_for(tmp_path, name):
    rentals = Rentals(tmp_path / "kept")
    rentals.begin(name)
    (tmp_path / "kept").mkdir(exist_ok=True)
    if name != "..":
        (tmp_path / "kept" / name).touch()
    assert rentals.left() == []


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "elsewhere").touch()
    (tmp_path / "kept" / "box").symlink_to(tmp_path / "elsewhere")
    assert Rentals(tmp_path / "kept").left() == []
