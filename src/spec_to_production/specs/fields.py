"""The small words of specs: fields, priorities, criteria, and what makes a text normative."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, cast

from spec_to_production.results import Criterion, Priority
from spec_to_production.specs.document import Block

_FIELD = re.compile(
    r"\*\*(?P<bold>[^*\n]{1,60}?)(?::[ \t]*\*\*|\*\*[ \t]*:)[ \t]*(?P<value>.*)"
    r"|(?P<plain>priority|description|acceptance criteria|target coverage|type):[ \t]*(?P<rest>.*)",
    re.DOTALL | re.IGNORECASE,
)
_CHECKBOX = re.compile(r"\A\[[ xX]\]\s+")
_GIVEN, _WHEN, _THEN = (re.compile(rf"\b{word}\b") for word in ("given", "when", "then"))
_NUMBERED = re.compile(r"[0-9]+\.[0-9]+")
_CRITERIA = re.compile(r"criteri|scenario|rules?$", re.IGNORECASE)
_BODY = re.compile(r"^(description|requirement|statement|text|user story)?$", re.IGNORECASE)

# RFC 2119 and RFC 8174: only capitals carry the meaning. EARS writes SHALL the same way.
_KEYWORD = re.compile(
    r"\b(?:(?P<high>MUST|SHALL|REQUIRED)|(?P<medium>SHOULD|RECOMMENDED)|(?P<low>MAY|OPTIONAL))\b"
)
_PRIORITY = re.compile(
    r"\b(?:(?P<high>critical|highest|high|must|blocker|p0|p1|1)"
    r"|(?P<medium>medium|normal|moderate|should|p2|2)"
    r"|(?P<low>lowest|low|could|may|won.?t|nice|optional|p3|p4|3|4))\b",
    re.IGNORECASE,
)
_MARKED_PRIORITY = re.compile(
    r"\s*[\[(]\s*(?:priority:?\s*)?(?P<word>p[0-4]|critical|high|medium|low|must|should|could)"
    r"\s*[\])]\s*$",
    re.IGNORECASE,
)


def read_field(text: str) -> tuple[str, str] | None:
    """Read ``**Name**: value`` (or ``**Name:** value``): the name in lower case, the value."""
    match = _FIELD.match(_CHECKBOX.sub("", text, count=1))
    if match is None:
        return None
    name = match["bold"] or match["plain"]
    return name.strip().lower(), one_line(match["value"] or match["rest"] or "")


def read_priority(word: str) -> Priority | None:
    """Read High, Must, P1, …; ``None`` for a word that says nothing about priority."""
    return _group(_PRIORITY.search(word))


def split_priority(title: str) -> tuple[str, Priority | None]:
    """Split ``Title (P1)`` or ``Title [High]``."""
    match = _MARKED_PRIORITY.search(title)
    if match is None:
        return title, None
    return title[: match.start()], read_priority(match["word"])


def keyword_priority(text: str) -> Priority | None:
    """What MUST, SHOULD or MAY say; ``None`` means that the text is not normative."""
    return _group(_KEYWORD.search(text))


def is_scenario(text: str) -> bool:
    """Whether a text is a whole Given / When / Then."""
    words = _CHECKBOX.sub("", text, count=1).lstrip("*_ ").lower()
    when = _WHEN.search(words) if _GIVEN.match(words) else None
    return when is not None and _THEN.search(words, when.end()) is not None


def criterion(block: Block) -> Criterion:
    """A list item as a criterion, without its checkbox."""
    return Criterion(text=plain_item(block.text), line=block.lines.start)


def plain_item(text: str) -> str:
    """An item's text on one line, without its checkbox."""
    return one_line(_CHECKBOX.sub("", text, count=1))


def invented_id(path: tuple[str, ...], words: str) -> str:
    """An id for what has none: it stays while its words and the headings above it do."""
    digest = hashlib.sha256("\n".join((*path, words)).encode()).hexdigest()
    return f"R-{digest[:8]}"


def is_invented(identifier: str) -> bool:
    """Whether it is an id of :func:`invented_id`, which nobody knows who reads only the spec."""
    return re.fullmatch(r"R-[0-9a-f]{8}", identifier) is not None


def one_line(text: str) -> str:
    """A text with its line ends and indents folded into single spaces."""
    return " ".join(text.split())


def title_of(text: str) -> str:
    """A title for a requirement that has only a text."""
    return textwrap.shorten(text, 80, placeholder=" …") or text[:80]


@dataclass
class Details:
    """What stands below a requirement's own line."""

    priority: Priority | None = None
    kind: Literal["functional", "non_functional"] | None = None
    paragraphs: list[str] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)

    @classmethod
    def read(cls, blocks: Iterable[Block]) -> Details:
        """Sort blocks into fields, paragraphs and criteria.

        A heading, or a field without a value, says what the blocks after it are. Lists below
        anything else than the requirement itself or its criteria, such as notes and
        dependencies, are left aside.
        """
        details = cls()
        topic = ""
        for block in blocks:
            named = read_field(block.text)
            if block.kind == "heading":
                topic = block.text.strip(" :")
            elif named:
                topic = details._take(*named, block) or ""
            elif block.kind == "text" and _BODY.match(topic):
                details.paragraphs.append(one_line(block.text))
            elif details._is_criterion(block, topic):
                details.criteria.append(criterion(block))
        return details

    def _take(self, name: str, value: str, block: Block) -> str | None:
        """Take one field; returns its name when what follows belongs to it."""
        if not value:
            return name
        if name == "priority":
            self.priority = read_priority(value)
        elif name in ("type", "kind", "category"):
            self.kind = "non_functional" if "non" in value.lower() else "functional"
        elif _CRITERIA.search(name):
            self.criteria.append(Criterion(text=value, line=block.lines.start))
        elif _BODY.match(name):
            self.paragraphs.append(value)
        return None

    @staticmethod
    def _is_criterion(block: Block, topic: str) -> bool:
        if block.kind == "text":
            return bool(_CRITERIA.search(topic) and _NUMBERED.match(block.text))
        checkbox = _CHECKBOX.match(block.text) is not None
        return checkbox or bool(_BODY.match(topic) or _CRITERIA.search(topic))


def _group(match: re.Match[str] | None) -> Priority | None:
    if match is None:
        return None
    return cast(Priority, match.lastgroup)
