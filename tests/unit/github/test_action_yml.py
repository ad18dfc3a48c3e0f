"""``action.yml`` says what the code does: the same inputs, defaults and outputs."""

import re
from pathlib import Path

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator
from pydantic_core import PydanticUndefined

from spec_to_production.settings import fields_of

ROOT = Path(__file__).parents[3]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
FIELDS = fields_of("action")


def test_the_official_schema_takes_it():
    schema = get_builtin_schema("vendor.github-actions")

    assert [error.message for error in Draft7Validator(schema).iter_errors(ACTION)] == []


def test_the_inputs_are_the_settings_in_their_order():
    assert list(ACTION["inputs"]) == list(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_an_input_is_described_as_the_setting_is(name):
    default = FIELDS[name].get_default()
    told = str(default).lower() if isinstance(default, bool) else default
    known = name != "async" and default not in {PydanticUndefined, None, ()}
    expected = f"{FIELDS[name].description} Default: {told}." if known else FIELDS[name].description

    assert ACTION["inputs"][name]["description"] == expected


def test_no_input_is_required_for_a_file_may_give_it_and_a_report_needs_none():
    # Of a workflow without a required input, linters say that it is wrong.
    assert [name for name, given in ACTION["inputs"].items() if given["required"]] == []


def test_an_input_that_is_left_out_leaves_the_word_to_the_configuration_file():
    # The runner gives an input's default as if the user had written it.
    given = {
        name: field["default"] for name, field in ACTION["inputs"].items() if "default" in field
    }

    assert given == {"github-token": "${{ github.token }}"}


def test_the_outputs_are_those_that_are_set():
    from spec_to_production.publication import OUTPUTS

    assert {name: given["description"] for name, given in ACTION["outputs"].items()} == OUTPUTS


def test_this_branch_builds_its_own_image():
    assert ACTION["runs"] == {"using": "docker", "image": "Dockerfile"}


def test_the_container_is_started_without_a_shell():
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert yaml.safe_load(entry) == ["/opt/tool/bin/python", "-I", "/action/entrypoint.py"]


def test_the_base_image_is_pinned_by_its_digest():
    assert re.search(
        r"^ARG BASE_IMAGE=python:3\.13-slim-trixie@sha256:[0-9a-f]{64}$",
        (ROOT / "Dockerfile").read_text(),
        re.MULTILINE,
    )
