"""A document of sections, made to fit a limit by leaving out whole units, last ones first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Size = Callable[[str], int]
Note = Callable[[int, int], str]


@dataclass(frozen=True)
class Unit:
    """What is shown whole or not at all, in forms from the tersest to the fullest."""

    forms: tuple[str, ...]

    @classmethod
    def of(cls, *forms: str) -> Unit:
        """Each form is a block or a table row; line ends around it do not matter."""
        return cls(tuple(form.strip("\n") + "\n" for form in forms))


@dataclass(frozen=True)
class Section:
    """A heading that is always shown, and units that are shown as far as there is room.

    Attributes:
        heading: Markdown for one line; for a folded section, text that HTML can hold as well.
        units: The content, most important first.
        preface: What stands before the units when there are any: a table's head.
        blocks: Whether units are blocks, with an empty line between them, or rows.
        folded: Whether the section unfolds on a click.
        leads: Whether its units get a fuller form before other sections get their tersest.
    """

    heading: str
    units: tuple[Unit, ...] = ()
    preface: str = ""
    blocks: bool = False
    folded: bool = False
    leads: bool = False

    def render(self, shown: Sequence[str], note: str) -> str:
        """The section with some of its units; ``note`` says what is missing, or is empty."""
        if not shown:
            return f"{self.heading} {note}".rstrip() + "\n"
        joint = "\n" if self.blocks else ""
        preface = f"{self.preface}\n" if self.preface else ""
        content = preface + joint.join(shown) + (f"\n{note}\n" if note else "")
        if not self.folded:
            return f"{self.heading}\n\n{content}"
        return f"<details><summary>{self.heading}</summary>\n\n{content}\n</details>\n"


def utf16(text: str) -> int:
    """Length in UTF-16 units, which is never less than the number of characters."""
    return len(text.encode("utf-16-le")) // 2


def utf8(text: str) -> int:
    """Length in bytes."""
    return len(text.encode())


def fit(sections: Sequence[Section], *, limit: int, size: Size, note: Note) -> str:
    """Join the sections to a text of at most ``limit``.

    Every unit gets its tersest form before any gets a fuller one, save that leading sections
    are one form ahead; within a form, earlier units come first.

    Args:
        sections: In reading order, which is the order of importance.
        limit: The most that ``size`` may say of the text.
        size: How the reader of the text measures it.
        note: Says how many units are left out and how many are not in their fullest form.

    Raises:
        ValueError: Not even the headings fit.
    """
    room = limit - sum(_frame(section, size, note) for section in sections)
    if room < 0:
        raise ValueError(f"The headings alone need {limit - room}; the limit is {limit}.")
    offers = [
        (form + (not section.leads), (i, j), text)
        for i, section in enumerate(sections)
        for j, unit in enumerate(section.units)
        for form, text in enumerate(unit.forms)
    ]
    chosen: dict[tuple[int, int], str] = {}
    for _, place, text in sorted(offers, key=lambda offer: offer[0]):
        more = size(text) - size(chosen.get(place, ""))
        if more <= room:
            chosen[place] = text
            room -= more
    return "\n".join(
        _rendered(section, [chosen.get((i, j)) for j in range(len(section.units))], note)
        for i, section in enumerate(sections)
    )


def _rendered(section: Section, texts: Sequence[str | None], note: Note) -> str:
    shown = [text for text in texts if text is not None]
    missing = len(texts) - len(shown)
    full = sum(text == unit.forms[-1] for text, unit in zip(texts, section.units, strict=True))
    shortened = len(shown) - full
    return section.render(shown, note(missing, shortened) if missing or shortened else "")


def _frame(section: Section, size: Size, note: Note) -> int:
    """The most that a section needs around its units, whichever of them are shown."""
    if not section.units:
        return size(section.render([], "")) + 1
    number = len(section.units)
    return size(section.render([""], note(number, number))) + number + 1
