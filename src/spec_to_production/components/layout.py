"""What a project's configuration says about where packages and tests are."""

from __future__ import annotations

import configparser
import itertools
import posixpath
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from spec_to_production.errors import ComponentError

_USUAL = ("src", "lib", ".")
_PYTEST_FILES = (
    ("pytest.toml", "pytest"),
    (".pytest.toml", "pytest"),
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", "tool.pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
"""Where pytest looks for its settings, in this order (its documentation, "Configuration")."""


def source_roots(root: Path) -> tuple[str, ...]:
    """The directories that belong on ``sys.path``, as paths from the root, likeliest first.

    They are the ones that the configuration of pytest, setuptools, hatch or poetry names,
    then ``src``, ``lib`` and the root itself; only those that exist.

    Raises:
        ComponentError: A configuration file cannot be read.
    """
    project = _toml(root / "pyproject.toml")
    configured = (*_pytest_setting("pythonpath", root), *_packaging_roots(project))
    found = dict.fromkeys(posixpath.normpath(path) for path in (*configured, *_USUAL))
    return tuple(path for path in found if _is_inside(path) and (root / path).is_dir())


def test_roots(root: Path) -> tuple[str, ...]:
    """The folders where pytest looks for tests: its ``testpaths``, or the whole repository.

    Raises:
        ComponentError: A configuration file cannot be read.
    """
    patterns = filter(_is_inside, map(posixpath.normpath, _pytest_setting("testpaths", root)))
    found = [path.relative_to(root).as_posix() for text in patterns for path in root.glob(text)]
    return tuple(found) or (".",)


_DECIDES = ("--import-mode=", "-p", "--strict")


def import_options(root: Path) -> tuple[str, ...]:
    """Those of pytest's ``addopts`` that decide what can be imported: mode, plugins, known marks.

    Raises:
        ComponentError: A configuration file cannot be read.
    """
    words = list(_pytest_setting("addopts", root))
    kept: list[str] = []
    for word, following in itertools.zip_longest(words, words[1:], fillvalue=""):
        if word.startswith(_DECIDES) and word != "-p":
            kept.append(word)
        elif word in ("--import-mode", "-p"):
            kept += [word, following]
    return tuple(kept)


def _is_inside(path: str) -> bool:
    return not path.startswith(("..", "/"))


def _pytest_setting(name: str, root: Path) -> Iterable[str]:
    return _strings(_pytest_settings(root).get(name))


def _pytest_settings(root: Path) -> Mapping[str, Any]:
    """Those of the first file that has any, which is the only one that pytest reads."""
    for file, section in _PYTEST_FILES:
        read = _toml if file.endswith(".toml") else _ini
        found = _at(read(root / file), section)
        if isinstance(found, Mapping) and found:
            older = found.get("ini_options", found)
            return older if isinstance(older, Mapping) else {}
        if "pytest." in file and (root / file).is_file():
            return {}  # pytest's own file counts even when it says nothing
    return {}


def _toml(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _unreadable(file.name, error) from error


def _ini(file: Path) -> Mapping[str, Any]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(file, "utf-8")
    except (OSError, ValueError, configparser.Error) as error:
        raise _unreadable(file.name, error) from error
    return {name: dict(section) for name, section in parser.items()}


def _unreadable(file: str, error: Exception) -> ComponentError:
    return ComponentError(
        f"{file} cannot be read: {error}", hint="Fix the file: it says where the code is."
    )


def _packaging_roots(project: Mapping[str, Any]) -> Iterator[str]:
    yield from _strings(_at(project, "tool.setuptools.packages.find.where"))
    package_dir = _at(project, "tool.setuptools.package-dir")
    if isinstance(package_dir, Mapping):
        yield from _strings(package_dir.get(""))
    for package in _strings(_at(project, "tool.hatch.build.targets.wheel.packages")):
        yield str(PurePosixPath(package).parent)
    packages = _at(project, "tool.poetry.packages")
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, Mapping):
            yield from _strings(package.get("from"))


def _at(table: Any, keys: str) -> Any:  # noqa: ANN401 - foreign TOML
    for key in keys.split("."):
        table = table.get(key) if isinstance(table, Mapping) else None
    return table


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return value.split()
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
