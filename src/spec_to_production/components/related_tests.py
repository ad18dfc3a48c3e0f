"""Which tests of a repository belong to a component, and where new ones go."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath

from spec_to_production import syntax
from spec_to_production.components.layout import test_roots
from spec_to_production.components.sources import is_test_file, python_files


def related_tests(path: str, names: Collection[str], root: Path) -> tuple[str, ...]:
    """The test files that belong to a component.

    They are the ones in a ``tests`` folder inside the component; ``test_<name>.py``,
    ``test_<name>_*.py`` and everything in ``<name>/`` in a ``tests`` folder beside or above it;
    and every test that imports it and that pytest would find by itself.

    Args:
        path: The component's folder or file.
        names: The dotted names under which tests may import it.
        root: The repository's root.
    """
    by_place = _by_place(PurePosixPath(path))
    roots = test_roots(root)

    def belongs(test: str) -> bool:
        found = any(PurePosixPath(test).is_relative_to(folder) for folder in roots)
        return bool(by_place.match(test)) or (found and _imports(root / test, names))

    return tuple(filter(belongs, filter(is_test_file, python_files(root, root))))


def tests_folder(path: str, tests: Sequence[str], root: Path) -> str:
    """Where new tests of a component belong: where its tests are, or where they would be."""
    component = PurePosixPath(path)
    own = component if component.suffix != ".py" else component.parent
    above = [folder / "tests" for folder in component.parents]
    named = (folder / component.stem for folder in above)
    for folder in (own / "tests", *named):
        if (root / folder).is_dir():
            return str(folder)
    if tests:
        common = posixpath.commonpath([posixpath.dirname(test) for test in tests])
        if common:
            return common
    nearest = next((folder for folder in above if (root / folder).is_dir()), above[-1])
    return str(nearest / component.stem)


def _by_place(component: PurePosixPath) -> re.Pattern[str]:
    above = "|".join(re.escape(str(folder / "tests")) for folder in component.parents)
    name = re.escape(component.stem)
    inside = re.escape(str(component / "tests"))
    return re.compile(rf"{inside}/|(?:{above})/(?:{name}/|test_{name}(?:_[^/]*)?\.py$)")


def _imports(test: Path, names: Collection[str]) -> bool:
    source = test.read_bytes()
    # Parsing is slow, and most tests of a large repository do not even have the word.
    if not any(name.rpartition(".")[2].encode() in source for name in names):
        return False
    try:
        tree = syntax.parse(source)
    except (SyntaxError, ValueError):
        return False
    return any(
        imported == name or imported.startswith(f"{name}.")
        for imported in _imported(tree)
        for name in names
    )


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
