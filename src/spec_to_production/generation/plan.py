"""Which jobs to fire: one for each module, with the requirements that concern it."""

from __future__ import annotations

import ast
import hashlib
import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath

from spec_to_production import syntax
from spec_to_production.generation.prompts import Prompts
from spec_to_production.results import Component, Module, Requirement, Spec, Task

_WEIGHT = {"high": 100, "medium": 10, "low": 1}
_NEVER_TESTED = 10
_DISPUTED = 100


def plan(
    spec: Spec,
    component: Component,
    prompts: Prompts,
    code: Path,
    made_by: str,
    *,
    tested: Collection[str] = (),
    disputed: Collection[str] = (),
) -> list[Task]:
    """The jobs, in the order of their modules.

    Args:
        spec: What is required.
        component: What is there.
        prompts: Words the task.
        code: The folder in which the component's paths are.
        made_by: The model, this tool and the server, with their versions: another one may answer
            otherwise, so they are part of the key, as are all tests that exist.
        tested: The requirements that an existing test names; the others count ten times as much.
        disputed: Those that an earlier run found the code to contradict; they count a hundred times
            as much.
    """
    shares = _share(spec, component, code)
    basis = "\0".join([made_by, *(_text(code / path) for path in component.test_files)])
    factors = dict.fromkeys(tested, 1) | dict.fromkeys(disputed, _DISPUTED)
    weights = {
        requirement.id: _WEIGHT[requirement.priority] * factors.get(requirement.id, _NEVER_TESTED)
        for requirement in spec.requirements
    }
    names = _distinct({module: module.name for module in component.modules})
    files = _distinct({module: _file_name(component, module) for module in component.modules})
    return [
        _task(
            module,
            requirements,
            prompts,
            id_=f"test_generation:{names[module]}",
            path=str(PurePosixPath(component.tests_dir) / f"test_{files[module]}_spec.py"),
            basis=basis,
            weights=weights,
        )
        for module, requirements in shares
        if requirements
    ]


def repair_path(path: str, round_: int) -> str:
    """Where repaired tests go: a file of their own, so that what was judged stays as it was."""
    file = PurePosixPath(path)
    return str(file.with_name(f"{file.stem}_repair{round_}.py"))


def _file_name(component: Component, module: Module) -> str:
    """What the module's tests are called after: its path in the component.

    The path is in the name, not in folders: pytest refuses two test files of one name in folders
    that are not packages.
    """
    source = PurePosixPath(module.path)
    base = PurePosixPath(component.path)
    inside = source.relative_to(base) if source.is_relative_to(base) else source
    parts = [*inside.parent.parts, source.stem]
    if source.stem == "__init__":
        parts = [*inside.parent.parts] or [source.parent.name]
    return "__".join(parts)


def _distinct(names: Mapping[Module, str]) -> dict[Module, str]:
    """A name for each module alone: its own, and a number after it where another has that."""
    plain = set(names.values())
    given: dict[str, Module] = {}
    for module, name in names.items():
        numbered = (f"{name}_{number}" for number in itertools.count(2))
        free = (each for each in numbered if each not in plain | given.keys())
        given[next(free) if name in given else name] = module
    return {module: name for name, module in given.items()}


def _task(
    module: Module,
    requirements: Sequence[Requirement],
    prompts: Prompts,
    *,
    id_: str,
    path: str,
    basis: str,
    weights: Mapping[str, int],
) -> Task:
    prompt = prompts.test_generation(module, requirements, path, missing=None)
    key = hashlib.sha256(f"{basis}\0{prompt}".encode()).hexdigest()
    return Task(
        id=id_,
        kind="test_generation",
        module=module.path,
        requirement_ids=tuple(requirement.id for requirement in requirements),
        prompt=prompt,
        output_path=path,
        priority=sum(weights[requirement.id] for requirement in requirements),
        content_key=key,
    )


def _share(
    spec: Spec, component: Component, code: Path
) -> list[tuple[Module, tuple[Requirement, ...]]]:
    """Give each requirement to the modules that define most of the names it mentions.

    One that mentions no name of any module concerns them all. Requirements that are not about
    behaviour are left to people: a unit test does not show them.
    """
    names = {module: _public_names(code / module.path) for module in component.modules}
    shares: dict[Module, list[Requirement]] = {module: [] for module in component.modules}
    for requirement in spec.requirements:
        if requirement.kind != "functional":
            continue
        words = _identifiers(requirement)
        hits = {module: len(words & known) for module, known in names.items()}
        best = max(hits.values())
        for module, count in hits.items():
            if count == best:
                shares[module].append(requirement)
    return [(module, tuple(requirements)) for module, requirements in shares.items()]


def _identifiers(requirement: Requirement) -> set[str]:
    said = [requirement.title, requirement.text, *(c.text for c in requirement.criteria)]
    return set(re.findall(r"[A-Za-z_]\w*", "\n".join(said)))


def _public_names(path: Path) -> set[str]:
    try:
        tree = syntax.parse(_text(path))
    except (SyntaxError, ValueError):
        return set()
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    }


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")
