"""The disk is watched for as long as there is something to watch."""

from spec_to_production.disk import Reserve


def test_what_is_gone_uses_nothing(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    reserve = Reserve.half_of(folder)

    folder.rmdir()

    assert not reserve.is_used()
