"""README, action.yml, --help and the settings say the same."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic_core import PydanticUndefined

from spec_to_production.cli import main
from spec_to_production.gates.thresholds import THRESHOLDS
from spec_to_production.publication import OUTPUTS
from spec_to_production.settings import Settings, fields_of

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def rows(heading):
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, re.MULTILINE)


def shown(default):
    if default is PydanticUndefined:
        return "**required**"
    if default in {None, ()}:
        return "–"
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


def test_the_table_of_settings_is_that_of_the_model():
    fronts = {"A": fields_of("action"), "C": fields_of("command"), "F": fields_of("file")}
    expected = [
        (
            field.alias,
            " | ".join(
                [
                    field.description,
                    shown(field.get_default()),
                    "".join(mark for mark, known in fronts.items() if field.alias in known),
                ]
            ),
        )
        for field in Settings.model_fields.values()
    ]

    assert rows("Settings") == expected


def test_the_table_of_outputs_is_that_of_the_action():
    assert dict(rows("Outputs")) == OUTPUTS


def test_the_table_of_gates_has_the_thresholds_of_every_target():
    table = {gate: rest.split(" | ")[: len(THRESHOLDS)] for gate, rest in rows("Gates")}
    asked = [vars(thresholds) for thresholds in THRESHOLDS.values()]
    named = {"coverage": "test_coverage"}

    assert table == {
        named.get(key, key): [cell(key, thresholds[key]) for thresholds in asked]
        for key in asked[0]
    }


def cell(key, value):
    if value is None:
        return "any"
    return f"{value:g}" if key == "disputes" else f"{value:g} %"


@pytest.mark.parametrize("command", ["run", "verify"])
def test_help_names_every_setting_of_the_command(command):
    text = CliRunner().invoke(main, [command, "--help"]).output
    flat = "".join(text.split())  # click breaks lines, also at hyphens

    for name, field in fields_of("command", command).items():
        assert f"--{name}" in flat
        assert "".join(field.description.split()) in flat


ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
LINKS = [
    (page.relative_to(ROOT).as_posix(), link)
    for page in PAGES
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    if not link.startswith(("http:", "https:", "mailto:"))
]


def anchors(page):
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_links_lead_somewhere(page, link):
    path, _, anchor = link.partition("#")
    target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    assert target.exists()
    assert not anchor or anchor in anchors(target)
