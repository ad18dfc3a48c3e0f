"""What is said to the agent. The wording stands in ``templates/``."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from jinja2 import Environment, PackageLoader, StrictUndefined

from spec_to_production.openhands.interface import WORKING_DIR
from spec_to_production.results import (
    Component,
    GeneratedFile,
    LineRange,
    Module,
    Requirement,
    Spec,
    TestVerdict,
)

_LONGEST_EXAMPLE = 6_000
_LONGEST_DETAIL = 2_000


class Prompts:
    """Renders the prompts for one spec and one component.

    Args:
        spec: The parsed spec.
        component: The component under test.
        code: The folder with the code that the agent will see.
    """

    def __init__(self, spec: Spec, component: Component, code: Path) -> None:
        self._spec = spec
        self._component = component
        self._code = code

    def test_generation(
        self,
        module: Module,
        requirements: Sequence[Requirement],
        output_path: str,
        missing: Sequence[int] | None,
    ) -> str:
        """The task itself. ``missing`` are the uncovered lines, ``None`` when not measured."""
        return self._render(
            "test_generation.md.j2",
            spec=self._spec,
            module=module,
            requirements=requirements,
            example_id=requirements[0].id,
            output_path=output_path,
            working_dir=WORKING_DIR,
            run_command=self._run_command(output_path),
            missing=None if missing is None else _ranges(missing),
            source=(self._code / module.path).read_text("utf-8", "replace"),
            example_test=self._example(module),
        )

    def nudge(self, output_path: str, refused: str = "") -> str:
        """For a conversation that ended without its file, or with one that was ``refused``."""
        return self._render(
            "nudge.md.j2",
            output_path=output_path,
            refused=refused,
            run_command=self._run_command(output_path),
        )

    def go_on(self, output_path: str) -> str:
        """For a conversation that a passing fault had ended."""
        return self._render(
            "go_on.md.j2", output_path=output_path, run_command=self._run_command(output_path)
        )

    def repair(self, rejected: Sequence[TestVerdict], output_path: str) -> str:
        """For a conversation whose tests were rejected."""
        short = [
            test.model_copy(update={"detail": test.detail[:_LONGEST_DETAIL]}) for test in rejected
        ]
        return self._render(
            "repair.md.j2",
            rejected=short,
            output_path=output_path,
            run_command=self._run_command(output_path),
        )

    def _render(self, template: str, **values: object) -> str:
        return _templates().get_template(template).render(values)

    def _run_command(self, path: str) -> str:
        return f"PYTHONPATH={self._component.import_root} python -m pytest {path}"

    def _example(self, module: Module) -> GeneratedFile | None:
        """The existing test file that looks closest to the module, cut to a page or two."""
        stem = PurePosixPath(module.path).stem
        near = sorted(self._component.test_files, key=lambda path: (stem not in path, path))
        for path in near:
            text = (self._code / path).read_text("utf-8", "replace")
            if "def test_" in text:
                return GeneratedFile(path=path, content=text[:_LONGEST_EXAMPLE])
        return None


@functools.cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("spec_to_production.generation"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown for a model, not HTML
    )
    templates.globals["fenced"] = fenced
    return templates


def fenced(text: str, language: str = "python") -> str:
    """A code block whose fence is longer than any inside, so that the text cannot end it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _ranges(lines: Sequence[int]) -> str:
    spans: list[LineRange] = []
    for line in sorted(lines):
        if spans and line == spans[-1].end + 1:
            spans[-1] = LineRange(start=spans[-1].start, end=line)
        else:
            spans.append(LineRange(start=line, end=line))
    return ", ".join(
        str(span.start) if span.start == span.end else f"{span.start}-{span.end}" for span in spans
    )
