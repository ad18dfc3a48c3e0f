"""Which component goes with which spec, where one run has several of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath, PurePosixPath

from spec_to_production.components import place_of
from spec_to_production.errors import ComponentError, SettingsError
from spec_to_production.settings import Settings

AUTO = "auto"

Pair = tuple[str, str]
"""A spec and the component that it is for."""

_WILD = frozenset("*?[")


def pairs(spec: str, component: str, known: Mapping[str, str], root: Path) -> tuple[Pair, ...]:
    """The pairs that two inputs stand for.

    Args:
        spec: Paths or globs, one a line; ``auto`` for all that are known.
        component: One for all specs, or one for each in their order, one a line, globs as well;
            ``auto`` for what is known to go with each spec.
        known: The component of each spec, from the configuration.
        root: The checkout.

    Raises:
        SettingsError: Nothing is there to be paired, or it is not clear how.
    """
    known = {posixpath.normpath(each): for_it for each, for_it in known.items()}
    specs = tuple(known) if spec.strip() == AUTO else _expanded("spec", spec, root)
    if spec.strip() == AUTO and not known:
        raise SettingsError(
            "spec: 'auto', and no pair is known.",
            hint='Write [tool.spec-to-production.pairs] with "specs/x.md" = "src/x".',
        )
    if component.strip() == AUTO:
        return tuple((each, _component_of(each, known)) for each in specs)
    components = _expanded("component", component, root)
    if len(components) == 1:
        components *= len(specs)
    if len(components) != len(specs):
        raise SettingsError(
            f"component: {len(components)} for {len(specs)} specs.",
            hint="Give one for all specs, one for each in their order, or 'auto' and a table "
            "[tool.spec-to-production.pairs].",
        )
    return tuple(zip(specs, components, strict=True))


def settings_of(given: Collection[Pair], settings: Settings) -> tuple[Settings, ...]:
    """The settings for each pair; several get a folder each in the output.

    Raises:
        SettingsError: There are several, and one file of verdicts for them.
    """
    alone = len(given) == 1
    if not alone and settings.replay:
        raise SettingsError(f"replay: {settings.replay} is of one pair, and there are several.")
    if not alone and settings.output and settings.output_folder is None:
        raise SettingsError(
            f"output: {settings.output} takes the verdicts of one pair, and there are several.",
            hint="Name a folder.",
        )
    return tuple(
        settings.model_copy(
            update={
                "spec": spec,
                "component": component,
                "output": settings.output if alone else _folder(settings, number, component),
            }
        )
        for number, (spec, component) in enumerate(given, 1)
    )


def _folder(settings: Settings, number: int, component: str) -> str:
    if not settings.output:
        return ""
    name = re.sub(r"[^\w.-]", "-", PurePosixPath(component).name)
    return f"{settings.output}/{number}-{name}"


def touched(given: Collection[Pair], files: Collection[str], root: Path) -> tuple[Pair, ...]:
    """The pairs whose spec or component is among the files, or holds one of them.

    So is a pair whose component is not found: its run tells what is wrong with it.

    Args:
        given: The pairs.
        files: Paths from the repository's root, as GitHub names them.
        root: The checkout.
    """
    changed = tuple(map(PurePosixPath, files))

    def is_touched(spec: str, component: str) -> bool:
        try:
            places = (spec, place_of(component, root))
        except ComponentError:
            return True
        return any(file.is_relative_to(place) for file in changed for place in places)

    return tuple(pair for pair in given if is_touched(*pair))


def _component_of(spec: str, known: Mapping[str, str]) -> str:
    if spec not in known:
        raise SettingsError(
            f"component: 'auto', and no component is known for {spec}.",
            hint=f'Write "{spec}" = "src/…" in [tool.spec-to-production.pairs].',
        )
    return known[spec]


def _expanded(name: str, text: str, root: Path) -> tuple[str, ...]:
    """The lines of an input; one with a wild card stands for the paths that match it, sorted."""
    found: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if not _WILD & set(line):
            found.append(posixpath.normpath(line) if name == "spec" else line)
            continue
        matching = _matching(name, line, root)
        if not matching:
            raise SettingsError(f"{name}: nothing matches {line}.")
        found += matching
    if not found:
        raise SettingsError(f"{name}: it is blank.", hint="Give a path, or 'auto'.")
    return tuple(dict.fromkeys(found) if name == "spec" else found)


def _matching(name: str, pattern: str, root: Path) -> list[str]:
    if pattern.startswith("/") or ".." in PurePath(pattern).parts:
        raise SettingsError(f"{name}: {pattern} is not a pattern for paths inside the repository.")
    return sorted(path.relative_to(root).as_posix() for path in root.glob(pattern))
