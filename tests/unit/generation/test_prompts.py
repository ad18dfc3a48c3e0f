import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from spec_to_production.generation.prompts import fenced
from spec_to_production.openhands.interface import WORKING_DIR
from spec_to_production.results import TestVerdict


@pytest.fixture
def prompt(prompts, spec, component):
    return prompts.test_generation(
        component.modules[0], spec.requirements[:1], "tests/calc/test_sums_spec.py", [4, 5, 6, 9]
    )


def test_says_what_is_required_before_it_shows_the_code(prompt):
    assert prompt.index("`add` gives the sum") < prompt.index("return a + b")


@pytest.mark.parametrize(
    "wanted",
    [
        "FR-1",
        "`add` gives the sum, always",
        "Output file: tests/calc/test_sums_spec.py",
        f"Working directory: {WORKING_DIR}",
        "import it as `calc.sums`",
        "4-6, 9",
        "PYTHONPATH=src python -m pytest tests/calc/test_sums_spec.py",
        '@pytest.mark.requirement("FR-1")',
        "def test_sum():",
        "def add(a, b): ...",
    ],
)
def test_holds_what_the_agent_needs(prompt, wanted):
    assert wanted in prompt


def test_says_so_when_gaps_were_not_measured(prompts, spec, component):
    prompt = prompts.test_generation(component.modules[0], spec.requirements, "t.py", None)

    assert "Not measured yet" in prompt


def test_a_repair_shows_the_reason_and_names_the_new_file(prompts):
    verdict = TestVerdict(id="t.py::test_a", verdict="rejected", reason="vacuous", detail="why")

    text = prompts.repair([verdict], "t_repair1.py")

    assert "t.py::test_a: vacuous" in text
    assert "why" in text
    assert "t_repair1.py" in text


@given(st.text(alphabet=st.sampled_from("`~ab \n#"), max_size=60))
def test_no_text_can_leave_its_fence(text):
    tokens = MarkdownIt("commonmark").parse(f"{fenced(text)}\n\nafter")

    assert tokens[0].type == "fence"
    assert tokens[-2].content == "after"
