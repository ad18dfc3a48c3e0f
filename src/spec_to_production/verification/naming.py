"""Which requirements of a spec a text names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from spec_to_production.results import Criterion, Requirement
from spec_to_production.specs.fields import is_invented

_PARTS = re.compile(r"[A-Za-z]+|[0-9]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEGMENTS = re.compile(r"[\n:.;]| [\u2013\u2014-] ")
_SCENARIO = re.compile(r"\bscenario\s*:[^\n.]*", re.IGNORECASE)
_SHOWN = 5
_LONG = 3

_NUMBER = r"[0-9]+(?:[._][0-9]+)*"
_NUMBERED = re.compile(rf"Requirement ({_NUMBER})")
_NUMBER_OF = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_CITATION = re.compile(
    # A lower-case r1 or req1 is a variable; in a test's name it is a citation.
    r"(?:(?<![A-Za-z0-9])(?:(?i:requirement)|Req|REQ)|(?<=test_)req)(?P<plural>[sS]?)[-_ :#]{0,2}"
    rf"(?P<numbers>{_NUMBER}(?:(?:, ?| and |, and ){_NUMBER})*)(?![A-Za-z0-9])"
    rf"|(?:(?<![A-Za-z0-9])R|(?<=test_)r)[-_]?(?P<short>{_NUMBER})(?![A-Za-z0-9])"
)
"""Kiro's criteria are cited as ``Requirement 1.2`` or ``_Requirements: 1.2, 3.1_``."""


@dataclass(frozen=True)
class Text:
    """What a test says, or what stands around it.

    Attributes:
        code: As it was written; ids are looked for anywhere in it.
        prose: Docstrings and comments, which may cite or quote a requirement as well.
        name: Of functions and classes.
    """

    code: str = ""
    prose: str = ""
    name: str = ""


def named_requirements(text: Text, known: Sequence[Requirement]) -> tuple[str, ...]:
    """The requirements that a text names: by id, as Kiro cites them, or in their own words.

    In their own words where the spec gives no id; a title of three words or more may be quoted in
    any case. A name counts for the one requirement whose title is in it; with two of them it is
    unclear which one is meant.
    """
    name = _HUMPS.sub(" ", text.name)
    said = f"{text.prose}\n{name}"
    titles = _titles(known)
    found = {
        *_by_id(f"{text.code}\n{said}", known),
        *_cited(said, known),
        *_quoted(text.prose, _long_titles(known) | titles),
    }
    in_name = set(_in_words(_words(name), titles))
    if not found and len(in_name) == 1:
        found = in_name
    return tuple(one.id for one in known if one.id in found)


def first_named(texts: Iterable[Text], known: Sequence[Requirement]) -> tuple[str, ...]:
    """Those that the first text names which names any: what is said closer to a test goes first."""
    return next(filter(None, (named_requirements(text, known) for text in texts)), ())


def cited_criteria(text: str, criteria: Sequence[Criterion]) -> list[Criterion]:
    """Those of the criteria whose number a text cites, as Kiro's are."""
    cited = set(_numbers(text))
    return [one for one in criteria if (own := _NUMBER_OF.match(one.text)) and own[0] in cited]


def shown(known: Sequence[Requirement]) -> str:
    """A few of the requirements, as a test may name them."""
    names = [f"“{one.title}”" if is_invented(one.id) else one.id for one in known]
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")


def _by_id(text: str, known: Sequence[Requirement]) -> Iterator[str]:
    """Ids, however their parts are joined; of FR-1 and FR-1.2 the longer one, where both fit."""
    ids = {_parts(one.id): one.id for one in known}
    longest_first = sorted(ids.values(), key=lambda one: len(_parts(one)), reverse=True)
    pattern = rf"(?<![A-Za-z0-9])(?:{'|'.join(map(_spelling, longest_first))})(?![0-9]|\.[0-9])"
    for match in re.finditer(pattern, text, re.IGNORECASE) if ids else ():
        yield ids[_parts(match[0])]


def _parts(identifier: str) -> tuple[str, ...]:
    return tuple(_PARTS.findall(identifier.lower()))


def _spelling(identifier: str) -> str:
    spelled = identifier
    spelled = re.sub(r"(?<=[0-9])[-_.](?=[0-9])", "[-_.]", spelled)
    spelled = re.sub(r"(?<=[A-Za-z])[-_ ]?(?=[0-9])|(?<=[0-9])[-_ ](?=[A-Za-z])", "[-_ ]?", spelled)
    spelled = re.sub(r"(?<=[A-Za-z])[-_ ](?=[A-Za-z])", "[-_ ]", spelled)
    if not identifier[1:2].isalpha():  # a lower-case r1 is a variable; in a test's name it cites
        spelled = rf"(?:(?-i:{spelled[0]})|(?<=test_){spelled[0]}){spelled[1:]}"
    return spelled if spelled[-1].isdigit() else rf"{spelled}(?![A-Za-z])"


def _cited(text: str, known: Sequence[Requirement]) -> Iterator[str]:
    numbers = {match[1]: one.id for one in known if (match := _NUMBERED.fullmatch(one.id))}
    for number in _numbers(text) if numbers else ():
        yield from _whose(number, numbers)


def _numbers(text: str) -> Iterator[str]:
    """The numbers that a text cites."""
    for match in _CITATION.finditer(text):
        cited = re.findall(_NUMBER, match["numbers"] or match["short"])
        for number in cited if match["plural"] else cited[:1]:
            yield number.replace("_", ".")


def _whose(number: str, numbers: Mapping[str, str]) -> Iterator[str]:
    """The requirement of this number; or that whose criterion it is."""
    while number and number not in numbers:
        number = number.rpartition(".")[0]
    if number:
        yield numbers[number]


def _titles(known: Sequence[Requirement]) -> dict[str, str]:
    """The words by which requirements without an id of their own can be told apart."""
    spoken = [
        (words, one.id)
        for one in known
        if is_invented(one.id)
        for words in {_words(one.title.removesuffix("…")), _words(one.text)}
        if words
    ]
    times = Counter(words for words, _ in spoken)
    return {words: identifier for words, identifier in spoken if times[words] == 1}


def _long_titles(known: Sequence[Requirement]) -> dict[str, str]:
    titles = [(_words(one.title), one.id) for one in known if not one.title.endswith("…")]
    times = Counter(words for words, _ in titles)
    return {
        words: identifier
        for words, identifier in titles
        if times[words] == 1 and words.count(" ") >= _LONG - 1
    }


def _quoted(prose: str, titles: Mapping[str, str]) -> Iterator[str]:
    """A title of one word has to stand by itself; longer ones may stand in a sentence."""
    prose = _SCENARIO.sub(" ", prose)
    yield from (titles[one] for one in map(_words, _SEGMENTS.split(prose)) if one in titles)
    yield from _in_words(_words(prose), titles)


def _in_words(words: str, titles: Mapping[str, str]) -> Iterator[str]:
    longer = sorted((one for one in titles if " " in one), key=len, reverse=True)
    pattern = rf"\b(?:{'|'.join(longer)})\b"
    for match in re.finditer(pattern, words) if longer else ():
        yield titles[match[0]]


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
