import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spec_to_production.components import find_component
from spec_to_production.generation.plan import plan, repair_path
from spec_to_production.generation.prompts import Prompts

NAMES = st.sampled_from(["calc", "calc_2", "a", "b", "a__b", "__init__"])
FILES = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: f"{'/'.join(parts)}.py")


def by_module(tasks):
    return {task.module: task for task in tasks}


def test_every_module_has_a_job_that_writes_a_file_of_its_own(spec, component, prompts, snapshot):
    tasks = plan(spec, component, prompts, snapshot.path, "m")

    assert {task.module: task.output_path for task in tasks} == {
        "src/calc/sums.py": "tests/calc/test_sums_spec.py",
        "src/calc/store/memory.py": "tests/calc/test_store__memory_spec.py",
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.sets(FILES, min_size=1, max_size=6))
@example({"__init__.py", "calc.py", "calc_2.py"})
@example({"a/b.py", "a__b.py"})
@example({"__init__.py", "a.py", "a/__init__.py"})
def test_no_two_jobs_have_an_id_or_a_file_in_common(spec, files):
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder)
        for path in files:
            (code / "calc" / path).parent.mkdir(parents=True, exist_ok=True)
            (code / "calc" / path).write_text("def of_no_requirement(): ...\n")
        component = find_component("calc/", code)

        tasks = plan(spec, component, Prompts(spec, component, code), code, "m")

    assert {f"calc/{path}" for path in files} == {task.module for task in tasks}
    assert len({task.id for task in tasks}) == len(files)
    assert len({task.output_path for task in tasks}) == len(files)


def test_of_modules_that_would_share_a_file_the_later_ones_have_a_number(spec, tmp_path):
    for name in ("__init__", "calc", "calc_2"):
        (tmp_path / "calc").mkdir(exist_ok=True)
        (tmp_path / "calc" / f"{name}.py").write_text("def of_no_requirement(): ...\n")
    component = find_component("calc", tmp_path)

    tasks = plan(spec, component, Prompts(spec, component, tmp_path), tmp_path, "m")

    assert {task.module: Path(task.output_path).name for task in tasks} == {
        "calc/__init__.py": "test_calc_spec.py",
        "calc/calc.py": "test_calc_3_spec.py",
        "calc/calc_2.py": "test_calc_2_spec.py",
    }


def test_a_requirement_goes_to_the_module_that_defines_what_it_names(
    spec, component, prompts, snapshot
):
    tasks = by_module(plan(spec, component, prompts, snapshot.path, "m"))

    assert "FR-1" in tasks["src/calc/sums.py"].requirement_ids
    assert "FR-1" not in tasks["src/calc/store/memory.py"].requirement_ids
    assert "FR-2" in tasks["src/calc/store/memory.py"].requirement_ids


def test_a_requirement_that_names_nothing_concerns_every_module(spec, component, prompts, snapshot):
    tasks = plan(spec, component, prompts, snapshot.path, "m")

    assert all("FR-3" in task.requirement_ids for task in tasks)


def test_what_is_not_behaviour_is_not_asked_of_a_unit_test(spec, component, prompts, snapshot):
    tasks = plan(spec, component, prompts, snapshot.path, "m")

    assert not any("NFR-1" in task.requirement_ids for task in tasks)


def test_the_job_with_the_more_important_requirements_has_the_higher_priority(
    spec, component, prompts, snapshot
):
    tasks = by_module(plan(spec, component, prompts, snapshot.path, "m"))

    assert tasks["src/calc/sums.py"].priority > tasks["src/calc/store/memory.py"].priority


@pytest.mark.parametrize(
    ("known", "first"),
    [
        ({"tested": ["FR-1"]}, "src/calc/sums.py"),
        ({"tested": ["FR-1", "FR-2"], "disputed": ["FR-2"]}, "src/calc/store/memory.py"),
        ({"disputed": ["FR-1"]}, "src/calc/sums.py"),
    ],
)
def test_what_is_not_tested_counts_more_and_what_is_disputed_the_most(  # noqa: PLR0917 - fixtures
    spec, component, prompts, snapshot, known, first
):
    low = spec.requirements[0].model_copy(update={"priority": "medium"})
    medium = spec.model_copy(update={"requirements": (low, *spec.requirements[1:])})
    plain = by_module(plan(medium, component, prompts, snapshot.path, "m"))
    tasks = by_module(plan(medium, component, prompts, snapshot.path, "m", **known))

    assert max(tasks, key=lambda module: tasks[module].priority) == first
    assert {t.content_key for t in tasks.values()} == {t.content_key for t in plain.values()}


def test_the_key_changes_with_the_model_and_with_the_source(spec, component, snapshot, tmp_path):
    code = snapshot.copy(tmp_path / "code")
    prompts = Prompts(spec, component, code)

    def key(model):
        return by_module(plan(spec, component, prompts, code, model))[
            "src/calc/sums.py"
        ].content_key

    first = key("m")
    assert key("m") == first
    assert key("other") != first
    (code / "src/calc/sums.py").write_text("def add(a, b):\n    return b + a\n")
    assert key("m") != first


def test_repairs_go_to_a_file_of_their_own():
    assert repair_path("tests/test_a_spec.py", 1) == "tests/test_a_spec_repair1.py"


def test_the_key_changes_with_all_that_could_change_the_answer(
    spec, component, prompts, snapshot, tmp_path
):
    def key(made_by="m", **changed):
        copy = snapshot.copy(tmp_path / str(len(list(tmp_path.iterdir()))))
        for path, text in changed.pop("code", {}).items():
            (copy / path).write_text(text)
        words = Prompts(changed.get("spec", spec), component, copy)
        tasks = plan(changed.get("spec", spec), component, words, copy, made_by)
        return by_module(tasks)["src/calc/sums.py"].content_key

    reworded = spec.requirements[0].model_copy(update={"text": "`add` gives the difference"})
    other_spec = spec.model_copy(update={"requirements": (reworded, *spec.requirements[1:])})
    changes = {
        key(),
        key("another model"),
        key(spec=other_spec),
        key(code={"src/calc/sums.py": "def add(a, b):\n    return b + a\n"}),
        key(code={"tests/calc/test_other.py": "def test_more():\n    pass\n"}),
    }

    assert len(changes) == 5
    assert key() in changes
