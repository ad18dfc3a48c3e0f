"""The labelled corpus is whole: what is labelled is there, and what is there is labelled."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spec_to_production.components import find_component
from spec_to_production.specs import read_spec

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "verification"


@pytest.fixture(scope="module")
def corpus() -> Iterator[list]:
    sys.path.insert(0, str(BENCHMARK))
    from corpus import components

    yield list(components())
    sys.path.remove(str(BENCHMARK))


def names_in(file: Path) -> set[str]:
    """Ids of all tests in a file; none of one that cannot be parsed."""
    try:
        tree = ast.parse(file.read_text("utf-8"))
    except SyntaxError:
        return set()
    found = set()
    for node in tree.body:
        is_class = isinstance(node, ast.ClassDef)
        prefix = f"{file.name}::{node.name}::" if is_class else f"{file.name}::"
        found |= {
            prefix + each.name
            for each in (node.body if is_class else [node])
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            and each.name.startswith(("test", "check"))
        }
    return found


def test_at_least_two_hundred_and_fifty_candidates_of_eight_components(corpus):
    assert len(corpus) >= 8
    assert sum(len(component.candidates) for component in corpus) >= 250


def test_every_candidate_is_labelled_and_every_label_has_its_candidate(corpus):
    for component in corpus:
        there = {name for file in component.files for name in names_in(file)}
        files = {file.name for file in component.files}
        labelled = {each.id.partition("[")[0] for each in component.candidates}
        assert labelled - there - files == set(), component.name
        assert {name for name in there if component.candidate(name) is None} <= {
            each.id.partition("[")[0] for each in component.candidates if "[" in each.id
        }, component.name


def test_no_candidate_has_two_labels(corpus):
    for component in corpus:
        ids = [each.id for each in component.candidates]
        assert len(ids) == len(set(ids)), component.name


def test_every_spec_and_component_can_be_read(corpus):
    for component in corpus:
        spec = read_spec("spec.md", component.folder)
        assert len(spec.requirements) >= 3, component.name
        assert find_component(str(component.source), component.folder).modules
