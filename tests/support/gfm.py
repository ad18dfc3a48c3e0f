"""What a Markdown text would do on GitHub: its tags, links and references, after parsing."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

OURS = re.compile(r"</?(?:details|summary|sub|span|code)>|<!-- marker -->")
# GitHub's rules for references, and the extended autolinks of GitHub Flavored Markdown.
LIVE = re.compile(
    r"@\w|#\d|\bGH-\d|://|\bwww\.|\b[0-9a-f]{7,40}\b|:[\w+-]+:|\w@\w|[\u202a-\u202e\u2066-\u2069]",
    re.IGNORECASE,
)


def tokens(markdown: str) -> list[Token]:
    """All tokens, those inside of blocks too."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return list(_flat(parser.parse(markdown)))


def foreign(markdown: str, trusted: str = "https://github.com/acme/") -> list[str]:
    """Everything live that the report did not mean: tags, links, images, references."""
    found = []
    for token in tokens(markdown):
        if token.type == "image":
            found.append(f"image {token.attrs['src']}")
        elif token.type == "link_open" and not str(token.attrs["href"]).startswith(trusted):
            found.append(f"link {token.attrs['href']}")
        elif token.type in {"html_block", "html_inline"}:
            rest = html.unescape(OURS.sub("", token.content))
            found += [f"tag {tag}" for tag in re.findall(r"<[^>]*", OURS.sub("", token.content))]
            found += [f"reference {hit}" for hit in LIVE.findall(rest)]
        elif token.type == "inline" and "[^" in _without_code(token):
            found.append(f"footnote in {token.content}")
        elif token.type == "text":
            found += [f"reference {hit} in {token.content}" for hit in LIVE.findall(token.content)]
    return found


def balance(markdown: str) -> dict[str, int]:
    """Opening minus closing tags, of those that were parsed as tags."""
    tags = "".join(t.content for t in tokens(markdown) if t.type.startswith("html"))
    return {tag: tags.count(f"<{tag}>") - tags.count(f"</{tag}>") for tag in ("details", "sub")}


def uneven_tables(markdown: str) -> list[str]:
    """Rows with another number of cells than their head; a parser would hide that."""
    lines = markdown.splitlines()
    return [
        line
        for token in tokens(markdown)
        if token.type == "table_open" and token.map
        for head in [lines[token.map[0]]]
        for line in lines[token.map[0] : token.map[1]]
        if line.count("|") != head.count("|")
    ]


def _flat(blocks: list[Token]) -> Iterator[Token]:
    for token in blocks:
        yield token
        yield from _flat(token.children or [])


def _without_code(inline: Token) -> str:
    source = inline.content
    for child in inline.children or []:
        if child.type == "code_inline":
            source = source.replace(child.content, "", 1)
    return source
