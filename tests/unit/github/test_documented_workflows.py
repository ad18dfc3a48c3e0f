"""Every workflow in the documentation is one that GitHub takes, with inputs that exist."""

import re
from pathlib import Path

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[3]
INPUTS = set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
ACTION = "spec-to-production/spec-to-production@v1"


def workflow_of(block):
    """A workflow as it stands, or one around its steps, or around what is said of the action's."""
    read = yaml.safe_load(block)
    if "with" in read:
        read = [{"uses": ACTION, **read}]
    if isinstance(read, list):
        read = {"on": "push", "jobs": {"tests": {"runs-on": "ubuntu-latest", "steps": read}}}
    return read


WORKFLOWS = [
    pytest.param(workflow_of(block), id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_official_schema_takes_it(workflow):
    # YAML 1.1 reads the key `on` as a truth.
    workflow = {"on" if key is True else key: value for key, value in workflow.items()}
    schema = get_builtin_schema("vendor.github-workflows")

    assert [error.message for error in Draft7Validator(schema).iter_errors(workflow)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_its_inputs_exist(workflow):
    given = {
        name
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("uses") == ACTION
        for name in step.get("with", {})
    }

    assert given <= INPUTS
