from pathlib import Path

import pytest

from spec_to_production.gates.proposal import Proposal
from spec_to_production.results import Component, Module, Spec
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot


@pytest.fixture
def proposal(tmp_path):
    """Builds what the gates look at; without arguments, nothing was measured."""

    def build(**known):
        given = {
            "target": "staging",
            "spec": Spec(path="spec.md", title="Shop", source="", requirements=()),
            "component": Component(
                name="shop",
                path="src/shop",
                import_root="src",
                modules=(Module(path="src/shop/price.py", name="shop.price", lines=1),),
                tests_dir="tests",
            ),
            "snapshot": Snapshot(Path(tmp_path, "snapshot"), "0" * 40, None),
            "sandbox": Sandbox(tmp_path),
            "work": tmp_path,
            "baseline": None,
            "verification": None,
            "refactoring": None,
            "coverage_threshold": None,
        }
        return Proposal(**{**given, **known})

    return build
