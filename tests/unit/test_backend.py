from pathlib import Path

import pytest

from spec_to_production import backend
from spec_to_production.errors import SettingsError
from spec_to_production.settings import from_options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"openhands-url": "cloud"}, "openhands-api-key: not given"),
        (
            {"openhands-url": "https://mine.example, cloud", "openhands-api-key": "k"},
            "cloud stands alone",
        ),
    ],
)
def test_openhands_cloud_is_asked_with_its_own_key_only(tmp_path, options, problem):
    settings = from_options({"spec": "s.md", "component": "src/x", **options}, tmp_path, {})

    with pytest.raises(SettingsError, match=problem):
        backend.start(settings, Path("work"), {}, None, print)
