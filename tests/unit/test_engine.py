"""What a run leaves behind."""

from spec_to_production import engine
from spec_to_production.disk import remove


def test_a_folder_that_cannot_be_removed_is_told(monkeypatch, capsys):
    monkeypatch.setattr(engine, "remove", lambda _: None)  # a file that no user may remove
    monkeypatch.setattr(engine, "_BETWEEN_TRIES_S", 0)

    with engine._run_folder() as folder:
        pass

    assert f"{folder} could not be removed" in capsys.readouterr().err
    remove(folder)


def test_of_a_folder_that_is_gone_nothing_is_said(capsys):
    with engine._run_folder() as folder:
        (folder / "file").touch()

    assert not folder.exists()
    assert capsys.readouterr().err == ""
