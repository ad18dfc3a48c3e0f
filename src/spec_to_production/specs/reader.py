"""Reads a spec: a Markdown file inside the repository, in one of the dialects known here."""

from __future__ import annotations

import codecs
import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from spec_to_production.errors import SpecError
from spec_to_production.results import Criterion, Requirement, Spec
from spec_to_production.snapshot import counted_from
from spec_to_production.specs.dialects import keywords, kiro, labelled, openspec, schemes
from spec_to_production.specs.document import Block, Document
from spec_to_production.specs.fields import criterion, is_scenario, one_line, read_field
from spec_to_production.specs.unclaimed import unclaimed

MAX_BYTES = 1 << 20

Dialect = Callable[[Document], tuple[Requirement, ...]]
DIALECTS: Sequence[Dialect] = (labelled.read, kiro.read, openspec.read)
"""Those that mark a requirement as one. What an earlier one took, a later one leaves alone."""

_EXPECTED = "Give the path of a Markdown file, relative to the repository's root."
_OVERVIEW = re.compile(r"^(overview|purpose|summary|introduction)\b", re.IGNORECASE)
_API = re.compile(r"\bAPI\b|\binterface\b", re.IGNORECASE)
_TESTING = re.compile(r"\btest|\bscenario", re.IGNORECASE)
_SCENARIO_TOPIC = re.compile(r"^$|scenario|cases|tests?$", re.IGNORECASE)
_PERCENT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*%")
_HEADER = {
    "component_name": ("component name", "component"),
    "target_stage": ("target stage", "stage"),
    "version": ("version",),
    "date": ("date", "created"),
}


def read_spec(path: str, root: Path) -> Spec:
    """Read the spec at a path inside the repository.

    Args:
        path: Relative to the repository's root, or absolute.
        root: The repository's root.

    Raises:
        SpecError: The file cannot be read as a spec.
    """
    file = _locate(path, root.resolve())
    name = file.relative_to(root.resolve()).as_posix()
    return parse_spec(_decode(_load(file, name), name), name)


def parse_spec(source: str, name: str) -> Spec:
    r"""Read a spec from text; ``name`` is its path in the repository.

    Line ends become ``\n``; apart from that, ``Spec.source`` is the text.

    Raises:
        SpecError: It is empty, has no requirement, or has one twice.
    """
    if not source.strip():
        raise SpecError(f"{name} is empty.", hint="Describe the component's requirements in it.")
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    document = Document.parse(source)
    requirements = _requirements(document) or schemes.read(document) or keywords.read(document)
    if not requirements:
        raise SpecError(
            f"{name} has no requirement.",
            hint="Give each one a heading such as '#### FR-1: Addition', a list item such as "
            "'- **FR-1**: The system MUST …', or at least a MUST, SHALL or SHOULD in capitals. "
            "There are templates in specs/templates.",
        )
    _refuse_duplicates(requirements, name)
    return Spec(
        path=name,
        title=document.title or Path(name).stem,
        source=source,
        overview=document.section(_OVERVIEW),
        api=document.section(_API),
        requirements=requirements,
        scenarios=tuple(_scenarios(document, requirements)),
        unclaimed=tuple(unclaimed(document, _lines_of(requirements))),
        target_coverage=_target_coverage(document, name),
        **_header(document),
    )


def _locate(path: str, root: Path) -> Path:
    # os.path answers False for a name that no file can have; pathlib raises.
    file = Path(os.path.realpath(root / path.replace("\0", "\ufffd")))
    if not file.is_relative_to(root):
        raise SpecError(
            f"The spec {path} is outside of the repository.",
            hint=counted_from(root, path),
        )
    if os.path.isdir(file):  # noqa: PTH112
        raise SpecError(
            f"The spec {path or '.'} is a folder.",
            hint=_suggest(_markdown_below(file, root)) or "Give the path of a Markdown file.",
        )
    if not os.path.isfile(file):  # noqa: PTH113
        if os.path.islink(root / path):  # noqa: PTH114
            raise SpecError(
                f"The spec {path} is a symbolic link that leads to no file.", hint=_EXPECTED
            )
        raise SpecError(f"There is no spec {path}.", hint=_near(path, root))
    return file


def _near(path: str, root: Path) -> str:
    files = list(_markdown_below(root, root))
    near = difflib.get_close_matches(path, files, n=3, cutoff=0.6)
    same_name = [file for file in files if Path(file).name == Path(path).name]
    hint = _suggest(dict.fromkeys(same_name + near))
    return hint or _EXPECTED


def _suggest(files: Iterator[str] | dict[str, None]) -> str:
    shown = [file for file, _ in zip(files, range(5), strict=False)]
    return f"Did you mean {', '.join(shown)}?" if shown else ""


def _markdown_below(folder: Path, root: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "node_modules")))
        for name in sorted(files):
            if name.lower().endswith((".md", ".markdown")):
                yield (Path(place) / name).relative_to(root).as_posix()


def _load(file: Path, name: str) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{name} cannot be read: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise SpecError(
            f"{name} is larger than 1 MiB: {file.stat().st_size / MAX_BYTES:.1f} MiB.",
            hint="Split the spec, one file for each component.",
        )
    return data


def _decode(data: bytes, name: str) -> str:
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SpecError(
            f"{name}:{line}: is not UTF-8 (byte 0x{error.object[error.start]:02x}).",
            hint="Save the file as UTF-8.",
        ) from error


def _requirements(document: Document) -> tuple[Requirement, ...]:
    found: list[Requirement] = []
    for read in DIALECTS:
        taken, ids = _lines_of(found), {one.id for one in found}
        found += [
            one
            for one in read(document)
            if one.id not in ids and taken.isdisjoint(_lines_of([one]))
        ]
    return tuple(sorted(found, key=lambda one: one.lines.start))


def _lines_of(requirements: Iterable[Requirement]) -> set[int]:
    return {line for one in requirements for line in range(one.lines.start, one.lines.end + 1)}


def _refuse_duplicates(requirements: Sequence[Requirement], name: str) -> None:
    first: dict[str, int] = {}
    for requirement in requirements:
        line = requirement.lines.start
        if requirement.id in first:
            raise SpecError(
                f"{name}:{line}: {requirement.id} is defined twice, "
                f"first in line {first[requirement.id]}.",
                hint="Give every requirement an id of its own.",
            )
        first[requirement.id] = line


def _header(document: Document) -> dict[str, str]:
    header: dict[str, str] = {}
    for block in document.blocks:
        named = None if block.path else read_field(block.text)
        for key, names in _HEADER.items():
            if named and named[0] in names and named[1]:
                header.setdefault(key, named[1].strip("`"))
    return header


def _scenarios(document: Document, requirements: Sequence[Requirement]) -> Iterator[Criterion]:
    taken = _lines_of(requirements)
    topic = ""
    for block in document.blocks:
        if block.kind == "heading":
            topic = ""
        elif named := read_field(block.text):
            topic = "" if named[1] else named[0]
        elif block.kind == "item" and block.lines.start not in taken:
            tested = block.under(_TESTING) and _SCENARIO_TOPIC.search(topic)
            if tested or is_scenario(block.text):
                yield criterion(block)


def _target_coverage(document: Document, name: str) -> float | None:
    for block in document.blocks:
        if block.under(_TESTING) and "coverage" in block.text.lower():
            percent = _PERCENT.search(one_line(block.text))
            if percent:
                return _checked_percent(float(percent[1]), block, name)
    return None


def _checked_percent(value: float, block: Block, name: str) -> float:
    if value > 100:  # noqa: PLR2004 - percent
        raise SpecError(
            f"{name}:{block.lines.start}: a target coverage of {value:g} % cannot be reached.",
            hint="Give a number from 0 to 100.",
        )
    return value
