"""Finds the component that a user names, by path or by dotted name."""

from __future__ import annotations

import difflib
import os
import platform
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from spec_to_production import syntax
from spec_to_production.components.layout import import_options, source_roots
from spec_to_production.components.related_tests import related_tests, tests_folder
from spec_to_production.components.sources import has_behaviour, is_source, python_files
from spec_to_production.errors import ComponentError
from spec_to_production.results import Component, Module, Problem
from spec_to_production.snapshot import counted_from, has_link


def find_component(name: str, root: Path, *, checkout: Path | None = None) -> Component:
    """Find a component's modules, its import root and the tests that belong to it.

    Args:
        name: A path from the root (``src/calculator``, ``src/calculator/ops.py``) or a dotted
            name (``calculator``, ``calculator.ops``).
        root: The repository's root.
        checkout: What its user calls so, where the root is a copy of it.

    Raises:
        ComponentError: There is no such component, it is outside of the repository or behind a
            link, or there is nothing in it to test.
    """
    root = root.resolve()
    roots = source_roots(root)
    if _looks_like_path(name):
        path = _by_path(name, root, roots, checkout or root)
    else:
        path = _by_name(name, root, roots, checkout or root)
    if path in roots:
        path = _only_package(path, root)
    import_root = _import_root(path, root, roots)
    modules = tuple(_modules(path, import_root, root))
    if not modules:
        raise ComponentError(
            f"There is nothing to test in {path}.",
            hint="It has no Python file with a function or a class, apart from tests, "
            "migrations and set-up.",
        )
    names = {module.name for module in modules} | {_dotted(path, "."), _dotted(path, import_root)}
    tests = related_tests(path, names - {""}, root)
    return Component(
        name=_dotted(path, import_root) or PurePosixPath(path).name,
        path=path,
        import_root=import_root,
        modules=modules,
        test_files=tests,
        tests_dir=tests_folder(path, tests, root),
        pytest_options=import_options(root),
    )


def place_of(name: str, root: Path) -> str:
    """Where a component is, as a path from the root; what is named by a path need not exist.

    Raises:
        ComponentError: There is no component of that dotted name.
    """
    if _looks_like_path(name):
        return os.path.relpath(root / name, root)
    root = root.resolve()
    return _by_name(name, root, source_roots(root), root)


def unread_modules(component: Component, root: Path) -> Iterator[Problem]:
    """A note on every module that this Python cannot parse: where it stops, and why."""
    for module in component.modules:
        try:
            syntax.parse((root / module.path).read_bytes())
        except (SyntaxError, ValueError) as error:
            told, line = (error.msg, error.lineno) if isinstance(error, SyntaxError) else (error, 0)
            place = f"{module.path}:{line}" if line else module.path
            yield Problem(
                stage=None,
                message=f"Python {platform.python_version()} cannot read {place}: {told}.",
                hint="Correct it, or run this with the version of Python that it is written for.",
                level="note",
            )


def _looks_like_path(name: str) -> bool:
    return "/" in name or name.endswith(".py") or not _is_dotted(name)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _by_path(name: str, root: Path, roots: tuple[str, ...], checkout: Path) -> str:
    file = Path(os.path.normpath(root / name.replace("\0", "\ufffd")))
    if not file.is_relative_to(root):
        raise ComponentError(
            f"The component {name} is outside of the repository.",
            hint=counted_from(checkout, name),
        )
    path = file.relative_to(root).as_posix()
    _require_no_link(name, checkout, path)
    if os.path.isfile(file) and file.suffix != ".py":  # noqa: PTH113 - False for any odd name
        raise ComponentError(
            f"The component {name} is not Python.", hint="Give a .py file or a folder of them."
        )
    if not os.path.exists(file):  # noqa: PTH110 - likewise
        raise _unknown(name, root, roots)
    return path


def _require_no_link(name: str, checkout: Path, path: str) -> None:
    # Asked of the checkout, for a copy of it has no links.
    if has_link(checkout, checkout / path):
        raise ComponentError(
            f"The component {name} is behind a symbolic link, and links are not followed.",
            hint="Give the path that the link points to.",
        )


def _by_name(name: str, root: Path, roots: tuple[str, ...], checkout: Path) -> str:
    inner = name.replace(".", "/")
    places = [PurePosixPath(base, f"{inner}{ending}") for base in roots for ending in ("", ".py")]
    for path in places:
        if _is_plain(root / path, root) and _has_python(root / path):
            return str(path)
    # The name may be that of a package further down, if there is only one.
    found = [
        path for path in _importable(root) if f"/{path}".endswith((f"/{inner}", f"/{inner}.py"))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        for path in places:
            _require_no_link(name, checkout, str(path))
        raise _unknown(name, root, roots)
    raise ComponentError(
        f"The component {name} could be {_listed(found)}.", hint="Give the path of one of them."
    )


def _is_plain(file: Path, root: Path) -> bool:
    return (
        file.exists()
        and Path(os.path.realpath(file)).is_relative_to(root)
        and not file.is_symlink()
    )


def _has_python(path: Path) -> bool:
    return path.is_file() or next(python_files(path, path), None) is not None


def _only_package(path: str, root: Path) -> str:
    """The package in a source root, which is not a component itself."""
    folder = PurePosixPath(path)
    inside = [
        candidate for candidate in _importable(root) if PurePosixPath(candidate).parent == folder
    ]
    if len(inside) == 1:
        return inside[0]
    raise ComponentError(
        f"The component {path} is a source root, not a component.",
        hint=f"Give one of {_listed(inside)}." if inside else "Give the path of a package.",
    )


def _importable(root: Path) -> list[str]:
    """Every package and every module of the repository that is source, as paths."""
    files = [path for path in python_files(root, root) if is_source(path)]
    packages = {str(PurePosixPath(path).parent) for path in files if path.endswith("/__init__.py")}
    return sorted(packages | {path for path in files if not path.endswith("__init__.py")})


def _import_root(path: str, root: Path, roots: tuple[str, ...]) -> str:
    """The folder above the outermost package; a folder that is no package imports as itself,
    unless it is below a source root other than the repository's own.
    """
    start = PurePosixPath(path)
    folder = start if (root / start).is_dir() else start.parent
    if not (root / folder / "__init__.py").is_file():
        below = (base for base in roots if base != "." and folder.is_relative_to(base))
        return next(below, str(folder))
    while (root / folder / "__init__.py").is_file() and str(folder) != ".":
        folder = folder.parent
    return str(folder)


def _modules(path: str, import_root: str, root: Path) -> Iterator[Module]:
    for file in _sources(path, root):
        source = (root / file).read_bytes()
        if has_behaviour(source):
            yield Module(path=file, name=_dotted(file, import_root), lines=len(source.splitlines()))


def package_files(path: str, root: Path) -> list[str]:
    """The ``__init__.py`` of a component at a path and of all packages in it.

    Those are among them that are no modules of it, as they only import and hold constants.
    """
    return [file for file in _sources(path, root) if PurePosixPath(file).name == "__init__.py"]


def _sources(path: str, root: Path) -> Iterator[str]:
    files = [path] if path.endswith(".py") else python_files(root / path, root)
    below = str(PurePosixPath(path).parent) if path.endswith(".py") else path
    return (file for file in files if is_source(file, below=below))


def _dotted(path: str, base: str) -> str:
    parts = PurePosixPath(path.removesuffix(".py")).relative_to(base).parts
    return ".".join(parts[:-1] if parts[-1:] == ("__init__",) else parts)


def _unknown(name: str, root: Path, roots: tuple[str, ...]) -> ComponentError:
    paths = _importable(root)
    keys = {
        key: path
        for path in paths
        for key in (PurePosixPath(path).stem, path, _dotted(path, _import_root(path, root, roots)))
    }
    near = difflib.get_close_matches(name, keys, n=5, cutoff=0.6)
    if near:
        hint = f"Did you mean {_listed(list(dict.fromkeys(keys[key] for key in near)))}?"
    elif paths:
        hint = f"There is {_listed(paths)}."
    else:
        hint = "There is no Python source in the repository."
    return ComponentError(f"There is no component {name}.", hint=hint)


def _listed(paths: list[str]) -> str:
    shown = ", ".join(paths[:5])
    return f"{shown}, …" if len(paths) > 5 else shown  # noqa: PLR2004 - as many as one reads
