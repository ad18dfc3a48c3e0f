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
WORKFLOWS = [
    pytest.param(yaml.safe_load(block), id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    )
    if "jobs:" in block
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
        if "spec-to-production" in step.get("uses", "")
        for name in step.get("with", {})
    }

    assert given <= INPUTS
